-- SPDX-License-Identifier: LGPL-3.0-or-later
-- How machines did on the machine-days that are due; see models/wine_report_machine_day.py.
WITH due (machine_id, business_date) AS (VALUES %(due)s),
day AS (
    SELECT due.*, machine.site_id, machine.region_id, machine.company_id, company.currency_id,
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
fresh AS (
    SELECT day.machine_id, day.business_date,
           EXTRACT(ISODOW FROM day.business_date)::int::varchar AS weekday,
           day.site_id, day.region_id, day.company_id, day.currency_id,
           COALESCE(sales.vends, 0) AS vends, COALESCE(sales.attempts, 0) AS attempts,
           COALESCE(sales.failed, 0) AS failed, COALESCE(sales.units, 0) AS units,
           COALESCE(sales.gross, 0) AS gross, COALESCE(sales.net, 0) AS net,
           COALESCE(sales.cost, 0) AS cost,
           GREATEST(EXTRACT(EPOCH FROM day.ends - day.begins) / 60, 0)::int AS minutes_expected,
           0 AS minutes_down
      FROM day
      LEFT JOIN sales USING (machine_id, business_date)
)
INSERT INTO wine_report_machine_day AS old (
    machine_id, business_date, weekday, site_id, region_id, company_id, currency_id, vends,
    attempts, failed, units, gross, net, cost, margin, minutes_expected, minutes_down,
    margin_rate, failure_rate, uptime
)
SELECT machine_id, business_date, weekday, site_id, region_id, company_id, currency_id, vends,
       attempts, failed, units, gross, net, cost, net - cost, minutes_expected, minutes_down,
       COALESCE(100 * (net - cost) / NULLIF(net, 0), 0),
       COALESCE(100.0 * failed / NULLIF(attempts, 0), 0),
       COALESCE(100.0 * (minutes_expected - minutes_down) / NULLIF(minutes_expected, 0), 0)
  FROM fresh
ON CONFLICT (machine_id, business_date) DO UPDATE
   SET vends = EXCLUDED.vends, attempts = EXCLUDED.attempts, failed = EXCLUDED.failed,
       units = EXCLUDED.units, gross = EXCLUDED.gross, net = EXCLUDED.net, cost = EXCLUDED.cost,
       margin = EXCLUDED.margin, margin_rate = EXCLUDED.margin_rate,
       failure_rate = EXCLUDED.failure_rate, minutes_expected = EXCLUDED.minutes_expected,
       minutes_down = EXCLUDED.minutes_down, uptime = EXCLUDED.uptime
