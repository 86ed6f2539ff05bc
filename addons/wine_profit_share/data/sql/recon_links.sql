-- Differences that have a case of their own already: counters, collections, sessions that do not
-- close. They are differences of their day as long as that case is open.
SELECT 'counter' AS kind, reading.region_id AS region, reading.machine_id,
       reading.id AS snapshot_id, NULL::int AS collection_id, NULL::int AS session_id,
       machine.name AS document, 'reading:' || reading.id AS subject,
       reading.ours_value AS expected, reading.ours_value + reading.value_gap AS found,
       reading.count_gap AS units,
       (SELECT MAX(id) FROM wine_case WHERE snapshot_id = reading.id) AS case_id
  FROM wine_machine machine
  JOIN wine_counter_snapshot reading ON reading.machine_id = machine.id
  JOIN wine_region region ON region.id = reading.region_id
 WHERE machine.company_id = %(company)s AND reading.verdict = 'gap'
   AND reading.moment >= %(date)s::date - 1 AND reading.moment < %(date)s::date + 3
   AND (reading.moment AT TIME ZONE 'UTC' AT TIME ZONE region.tz)::date = %(date)s
UNION ALL
SELECT 'cash', bag.region_id, bag.machine_id, NULL, bag.id, NULL, bag.name,
       'collection:' || bag.id, bag.expected + COALESCE(bag.late, 0),
       bag.expected + COALESCE(bag.late, 0) + bag.difference,
       NULL, (SELECT MAX(id) FROM wine_case WHERE collection_id = bag.id)
  FROM wine_cash_collection bag
 WHERE bag.company_id = %(company)s AND bag.business_date = %(date)s
   AND bag.is_off AND bag.state IN ('counted', 'posted')
UNION ALL
SELECT 'session_open', session.wine_region_id, NULL, NULL, NULL, session.id, session.name,
       'pos.session:' || session.id,
       0, 0, NULL,
       (SELECT MAX(id) FROM wine_case WHERE kind = 'session' AND reference = session.name)
  FROM pos_session session
  JOIN pos_config config ON config.id = session.config_id
 WHERE session.wine_business_date = %(date)s AND config.company_id = %(company)s
   AND session.state <> 'closed' AND session.wine_business_date < %(overdue)s
