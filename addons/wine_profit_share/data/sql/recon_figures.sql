-- The five sides of one business day of a company, a row per region (0: none).
-- Business facts are taken by their own date, whenever they were reported.
WITH orders AS MATERIALIZED (
    SELECT ord.id, COALESCE(ord.wine_region_id, 0) AS region, ord.session_id,
           ROUND(ord.amount_total, %(digits)s) AS gross, ord.wine_vend_id AS vend
      FROM pos_order ord
     WHERE ord.wine_business_date = %(date)s AND ord.company_id = %(company)s
       AND ord.state NOT IN ('draft', 'cancel') AND ord.wine_vend_id IS NOT NULL
), per_order AS (
    SELECT orders.*,
           (SELECT COALESCE(SUM(ROUND(line.price_subtotal, %(digits)s)), 0)
              FROM pos_order_line line WHERE line.order_id = orders.id) AS net,
           (SELECT COALESCE(SUM(pay.amount), 0)
              FROM pos_payment pay WHERE pay.pos_order_id = orders.id) AS paid,
           session.state = 'closed' AS booked,
           COALESCE(vend.pay_kind, '') IN ('free', 'test') AS unpaid
      FROM orders
      JOIN pos_session session ON session.id = orders.session_id
      LEFT JOIN wine_vend vend ON vend.id = orders.vend
), others AS (
    -- tills and the website: announced once they are paid; the books have them by invoice or till
    SELECT COALESCE(sold.region_id, 0) AS region, sold.order_ref, sold.kind,
           ROUND(sold.gross, %(digits)s) AS gross, ROUND(sold.net, %(digits)s) AS net,
           CASE sold.channel
           WHEN 'shop' THEN EXISTS (
               SELECT 1 FROM pos_order ord JOIN pos_session session ON session.id = ord.session_id
                WHERE ord.uuid = split_part(sold.order_ref, ':', 2)
                  AND (session.state = 'closed' OR ord.account_move IS NOT NULL))
           ELSE sold.source LIKE 'account.move.line:%%' OR EXISTS (
               SELECT 1 FROM sale_order_line line
                 JOIN sale_order ord ON ord.id = line.order_id
                WHERE line.id::text = split_part(COALESCE(sold.reverses, sold.source), ':', 2)
                  AND (ord.invoice_status = 'invoiced' OR ord.state = 'cancel'))
           END AS booked
      FROM wine_sale_line sold
     WHERE sold.date = %(date)s AND sold.company_id = %(company)s
       AND sold.currency_id = %(currency)s
), all_orders AS (
    SELECT region, id::text AS ref, gross, net, paid, CASE WHEN unpaid THEN 0 ELSE net END AS due,
           booked
      FROM per_order
     UNION ALL
    SELECT region, order_ref, gross, net, gross, CASE kind WHEN 'sale' THEN net ELSE 0 END, booked
      FROM others
), order_sums AS (
    SELECT region, COUNT(DISTINCT ref) AS number, SUM(gross) AS gross, SUM(net) AS net,
           SUM(paid) AS paid, SUM(due) AS due,
           SUM(net) FILTER (WHERE booked) AS booked,
           SUM(net) FILTER (WHERE NOT booked) AS waiting
      FROM all_orders GROUP BY region
), kind_sums AS (
    SELECT region, jsonb_object_agg(kind, amount ORDER BY kind) AS kinds
      FROM (SELECT region, kind, ROUND(SUM(amount), %(digits)s) AS amount
              FROM (SELECT orders.region, COALESCE(method.wine_kind, 'other') AS kind, pay.amount
                      FROM orders
                      JOIN pos_payment pay ON pay.pos_order_id = orders.id
                      JOIN pos_payment_method method ON method.id = pay.payment_method_id
                     UNION ALL
                    SELECT region, 'other', gross FROM others) each
             GROUP BY 1, 2) of_kind
     GROUP BY region
), share_sums AS (
    SELECT COALESCE(entry.region_id, 0) AS region,
           SUM(entry.amount) FILTER (
               WHERE entry.account_kind <> 'pool' AND entry.kind IN ('sale', 'reversal')) AS shared,
           SUM(entry.amount) FILTER (
               WHERE entry.account_kind = 'party' AND entry.accrual_id IS NOT NULL
           ) AS accrued,
           SUM(entry.amount) FILTER (
               WHERE entry.account_kind = 'party' AND entry.accrual_id IS NULL
           ) AS to_accrue
      FROM wine_share_entry entry
     WHERE entry.date = %(date)s AND entry.company_id = %(company)s
       AND entry.currency_id = %(currency)s
     GROUP BY 1
), readings AS (
    -- of a machine that is read in two ways the meter counts, not the audit file
    SELECT DISTINCT ON (reading.machine_id) reading.machine_id,
           reading.region_id AS region, COUNT(*) AS number,
           SUM(reading.delta_value) AS counted, SUM(reading.ours_value) AS known
      FROM wine_machine machine
      JOIN wine_counter_snapshot reading ON reading.machine_id = machine.id
      JOIN wine_region region ON region.id = reading.region_id
     WHERE machine.company_id = %(company)s AND reading.verdict IN ('equal', 'gap')
       AND reading.kind <> 'backwards'
       AND reading.moment >= %(date)s::date - 1 AND reading.moment < %(date)s::date + 3
       AND (reading.moment AT TIME ZONE 'UTC' AT TIME ZONE region.tz)::date = %(date)s
     GROUP BY reading.machine_id, reading.stream, reading.region_id
     ORDER BY reading.machine_id, reading.stream = 'meter' DESC
), counter_sums AS (
    SELECT region, SUM(number)::int AS number, SUM(counted) AS counted, SUM(known) AS known
      FROM readings GROUP BY region
)
SELECT region,
       COALESCE(counter_sums.counted, 0) AS counter_amount,
       COALESCE(counter_sums.known, 0) AS counter_known,
       COALESCE(counter_sums.number, 0) AS counter_readings,
       COALESCE(order_sums.gross, 0) AS order_amount,
       COALESCE(order_sums.net, 0) AS order_net,
       COALESCE(order_sums.number, 0) AS order_count,
       COALESCE(order_sums.paid, 0) AS payment_amount,
       COALESCE(order_sums.due, 0) AS share_due,
       COALESCE(share_sums.shared, 0) AS share_amount,
       COALESCE(share_sums.accrued, 0) AS accrual_amount,
       COALESCE(share_sums.to_accrue, 0) AS accrual_waiting,
       COALESCE(order_sums.booked, 0) AS books_amount,
       COALESCE(order_sums.waiting, 0) AS books_waiting,
       COALESCE(kind_sums.kinds, '{}') AS kinds
  FROM order_sums
  FULL JOIN kind_sums USING (region)
  FULL JOIN share_sums USING (region)
  FULL JOIN counter_sums USING (region)
