-- What was sold on one business day and what the share ledger says of it.
WITH due AS MATERIALIZED (
    SELECT 'pos.order.line:' || line.uuid AS source, COALESCE(ord.wine_region_id, 0) AS region,
           ord.wine_machine_id AS machine, ord.wine_vend_id AS vend, ord.id AS order_id,
           ord.name, ROUND(line.price_subtotal, %(digits)s) AS net
      FROM pos_order ord
      JOIN pos_order_line line ON line.order_id = ord.id
      LEFT JOIN wine_vend vend ON vend.id = ord.wine_vend_id
     WHERE ord.wine_business_date = %(date)s AND ord.company_id = %(company)s
       AND ord.state NOT IN ('draft', 'cancel')
       AND ord.wine_vend_id IS NOT NULL AND vend.pay_kind NOT IN ('free', 'test')
     UNION ALL
    SELECT sold.source, COALESCE(sold.region_id, 0), NULL, NULL, NULL, sold.order_ref,
           ROUND(sold.net, %(digits)s)
      FROM wine_sale_line sold
     WHERE sold.date = %(date)s AND sold.company_id = %(company)s AND sold.kind = 'sale'
       AND sold.currency_id = %(currency)s
), shared AS (
    SELECT entry.source, COALESCE(MIN(entry.region_id), 0) AS region,
           MIN(entry.machine_id) AS machine, MIN(entry.vend_id) AS vend,
           SUM(entry.amount) AS rest,
           COALESCE(SUM(entry.amount) FILTER (WHERE entry.account_kind <> 'pool'), 0) AS amount
      FROM wine_share_entry entry
     WHERE entry.date = %(date)s AND entry.company_id = %(company)s
       AND entry.kind IN ('sale', 'reversal') AND entry.currency_id = %(currency)s
     GROUP BY entry.source
)
SELECT CASE WHEN shared.source IS NULL THEN 'share_missing'
            WHEN due.source IS NULL THEN 'share_extra'
            WHEN shared.rest <> 0 THEN 'share_sum'
            ELSE 'share_amount' END AS kind,
       COALESCE(due.region, shared.region) AS region,
       COALESCE(due.machine, shared.machine) AS machine_id,
       COALESCE(due.vend, shared.vend) AS vend_id, due.order_id,
       COALESCE(due.name, shared.source) AS document,
       COALESCE(due.source, shared.source) AS subject,
       CASE WHEN due.source IS NOT NULL AND shared.rest <> 0 THEN 0
            ELSE COALESCE(due.net, 0) END AS expected,
       CASE WHEN due.source IS NOT NULL AND shared.rest <> 0 THEN shared.rest
            ELSE COALESCE(shared.amount, 0) END AS found
  FROM due FULL JOIN shared ON shared.source = due.source
 WHERE (shared.source IS NULL AND due.net <> 0)
    OR due.source IS NULL
    OR shared.rest <> 0
    OR shared.amount <> due.net
