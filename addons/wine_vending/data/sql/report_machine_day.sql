-- SPDX-License-Identifier: LGPL-3.0-or-later
-- How machines did on the machine-days that are due; see models/wine_report_machine_day.py.
WITH due (machine_id, business_date) AS (VALUES %(due)s),
day AS (
    SELECT due.*, machine.site_id, machine.region_id, machine.company_id, company.currency_id,
           machine.temp_min, machine.temp_max,
           due.business_date::timestamp AT TIME ZONE region.tz AT TIME ZONE 'UTC' AS begins,
           LEAST((due.business_date + 1)::timestamp AT TIME ZONE region.tz AT TIME ZONE 'UTC',
                 now() AT TIME ZONE 'UTC') AS ends
      FROM due
      JOIN wine_machine machine ON machine.id = due.machine_id
      JOIN wine_region region ON region.id = machine.region_id
      JOIN res_company company ON company.id = machine.company_id
),
sales AS (
    SELECT machine_id, business_date, SUM(vends) AS vends, SUM(attempts) AS attempts,
           SUM(failed) AS failed, SUM(units) AS units, SUM(gross) AS gross, SUM(net) AS net,
           SUM(cost) AS cost
      FROM wine_report_sales
      JOIN due USING (machine_id, business_date)
     GROUP BY machine_id, business_date
),
-- outages cut to the day; those that overlap make one island, so that no minute counts twice
cut AS (
    SELECT day.machine_id, day.business_date,
           GREATEST(outage.started_at, day.begins) AS since,
           LEAST(COALESCE(outage.ended_at, day.ends), day.ends) AS until
      FROM day
      JOIN wine_machine_outage outage ON outage.machine_id = day.machine_id
       AND outage.started_at < day.ends
       AND (outage.ended_at IS NULL OR outage.ended_at > day.begins)
),
reached AS (
    SELECT cut.*,
           MAX(until) OVER (PARTITION BY machine_id, business_date ORDER BY since, until
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM cut
),
island AS (
    SELECT machine_id, business_date, since, until,
           COUNT(*) FILTER (WHERE before IS NULL OR since > before)
             OVER (PARTITION BY machine_id, business_date ORDER BY since, until) AS number
      FROM reached
),
down AS (
    SELECT machine_id, business_date, SUM(seconds) / 60 AS minutes
      FROM (
          SELECT machine_id, business_date,
                 EXTRACT(EPOCH FROM MAX(until) - MIN(since)) AS seconds
            FROM island
           GROUP BY machine_id, business_date, number
      ) islands
     GROUP BY machine_id, business_date
),
-- what a stock-out costs is spread evenly over its time
soldout AS (
    SELECT machine_id, business_date, SUM(inside) / 60 AS minutes,
           SUM(lost_units * inside / NULLIF(whole, 0)) AS lost_units,
           SUM(lost_amount * inside / NULLIF(whole, 0)) AS lost_amount
      FROM (
          SELECT day.machine_id, day.business_date, stockout.lost_units, stockout.lost_amount,
                 EXTRACT(EPOCH FROM LEAST(COALESCE(stockout.ended_at, day.ends), day.ends)
                         - GREATEST(stockout.started_at, day.begins)) AS inside,
                 EXTRACT(EPOCH FROM COALESCE(stockout.ended_at, now() AT TIME ZONE 'UTC')
                         - stockout.started_at) AS whole
            FROM day
            JOIN wine_slot_stockout stockout ON stockout.machine_id = day.machine_id
             AND stockout.started_at < day.ends
             AND (stockout.ended_at IS NULL OR stockout.ended_at > day.begins)
      ) parts
     GROUP BY machine_id, business_date
),
climate AS (
    SELECT day.machine_id, day.business_date, COUNT(*) AS readings,
           COUNT(*) FILTER (WHERE reading.average BETWEEN day.temp_min AND day.temp_max) AS ok
      FROM day
      JOIN wine_machine_reading_hour reading ON reading.machine_id = day.machine_id
       AND reading.kind = 'temperature'
       AND reading.hour >= day.begins AND reading.hour < day.ends
     GROUP BY day.machine_id, day.business_date
),
cash AS (
    SELECT collection.machine_id, collection.business_date, SUM(collection.counted) AS counted,
           SUM(collection.difference) AS difference
      FROM wine_cash_collection collection
      JOIN due USING (machine_id, business_date)
     WHERE collection.kind = 'collection' AND collection.state IN ('counted', 'posted')
     GROUP BY collection.machine_id, collection.business_date
),
fresh AS (
    SELECT day.machine_id, day.business_date,
           EXTRACT(ISODOW FROM day.business_date)::int::varchar AS weekday,
           day.site_id, day.region_id, day.company_id, day.currency_id,
           COALESCE(sales.vends, 0) AS vends, COALESCE(sales.attempts, 0) AS attempts,
           COALESCE(sales.failed, 0) AS failed, COALESCE(sales.units, 0) AS units,
           COALESCE(sales.gross, 0) AS gross, COALESCE(sales.net, 0) AS net,
           COALESCE(sales.cost, 0) AS cost,
           GREATEST(EXTRACT(EPOCH FROM day.ends - day.begins) / 60, 0)::int AS minutes_expected,
           COALESCE(down.minutes, 0)::int AS minutes_down,
           COALESCE(soldout.minutes, 0)::int AS stockout_minutes,
           ROUND(COALESCE(soldout.lost_units, 0)::numeric, 2) AS lost_units,
           ROUND(COALESCE(soldout.lost_amount, 0)::numeric, 2) AS lost_amount,
           COALESCE(climate.readings, 0) AS readings, COALESCE(climate.ok, 0) AS readings_ok,
           COALESCE(cash.counted, 0) AS cash_counted,
           COALESCE(cash.difference, 0) AS cash_difference
      FROM day
      LEFT JOIN sales USING (machine_id, business_date)
      LEFT JOIN down USING (machine_id, business_date)
      LEFT JOIN soldout USING (machine_id, business_date)
      LEFT JOIN climate USING (machine_id, business_date)
      LEFT JOIN cash USING (machine_id, business_date)
)
INSERT INTO wine_report_machine_day AS old (
    machine_id, business_date, weekday, site_id, region_id, company_id, currency_id, vends,
    attempts, failed, units, gross, net, cost, margin, minutes_expected, minutes_down,
    stockout_minutes, lost_units, lost_amount, readings, readings_ok, cash_counted,
    cash_difference, margin_rate, failure_rate, uptime, temperature_rate
)
SELECT machine_id, business_date, weekday, site_id, region_id, company_id, currency_id, vends,
       attempts, failed, units, gross, net, cost, net - cost, minutes_expected, minutes_down,
       stockout_minutes, lost_units, lost_amount, readings, readings_ok, cash_counted,
       cash_difference,
       COALESCE(100 * (net - cost) / NULLIF(net, 0), 0),
       COALESCE(100.0 * failed / NULLIF(attempts, 0), 0),
       COALESCE(100.0 * (minutes_expected - minutes_down) / NULLIF(minutes_expected, 0), 0),
       COALESCE(100.0 * readings_ok / NULLIF(readings, 0), 0)
  FROM fresh
ON CONFLICT (machine_id, business_date) DO UPDATE
   SET vends = EXCLUDED.vends, attempts = EXCLUDED.attempts, failed = EXCLUDED.failed,
       units = EXCLUDED.units, gross = EXCLUDED.gross, net = EXCLUDED.net, cost = EXCLUDED.cost,
       margin = EXCLUDED.margin, minutes_expected = EXCLUDED.minutes_expected,
       minutes_down = EXCLUDED.minutes_down, stockout_minutes = EXCLUDED.stockout_minutes,
       lost_units = EXCLUDED.lost_units, lost_amount = EXCLUDED.lost_amount,
       readings = EXCLUDED.readings, readings_ok = EXCLUDED.readings_ok,
       cash_counted = EXCLUDED.cash_counted, cash_difference = EXCLUDED.cash_difference,
       margin_rate = EXCLUDED.margin_rate, failure_rate = EXCLUDED.failure_rate,
       uptime = EXCLUDED.uptime, temperature_rate = EXCLUDED.temperature_rate
