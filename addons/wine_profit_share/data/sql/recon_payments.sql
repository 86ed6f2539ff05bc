-- Orders of one business day and what was paid for them.
WITH orders AS MATERIALIZED (
    SELECT ord.id, ord.name, ord.wine_region_id AS region, ord.wine_machine_id AS machine,
           ord.wine_vend_id AS vend, vend.pay_kind, COALESCE(ord.is_refund, false) AS is_refund,
           CASE WHEN vend.pay_kind IN ('free', 'test') THEN 0
                ELSE ROUND(ord.amount_total, %(digits)s) END AS due
      FROM pos_order ord
      JOIN wine_vend vend ON vend.id = ord.wine_vend_id
     WHERE ord.wine_business_date = %(date)s AND ord.company_id = %(company)s
       AND ord.state NOT IN ('draft', 'cancel')
), paid AS (
    SELECT orders.id, COUNT(*) AS number, ROUND(SUM(pay.amount), %(digits)s) AS amount,
           BOOL_AND(method.wine_kind IS NOT DISTINCT FROM orders.pay_kind) AS as_sold,
           MIN(method.name ->> 'en_US') AS way
      FROM orders
      JOIN pos_payment pay ON pay.pos_order_id = orders.id
      JOIN pos_payment_method method ON method.id = pay.payment_method_id
     GROUP BY orders.id
)
SELECT CASE WHEN paid.id IS NULL THEN 'payment_missing'
            WHEN paid.amount <> orders.due THEN 'payment_amount'
            ELSE 'payment_kind' END AS kind,
       COALESCE(orders.region, 0) AS region, orders.machine AS machine_id,
       orders.vend AS vend_id, orders.id AS order_id, orders.name AS document,
       orders.due AS expected, COALESCE(paid.amount, 0) AS found,
       orders.pay_kind AS expected_kind, paid.way AS found_kind
  FROM orders LEFT JOIN paid ON paid.id = orders.id
 WHERE orders.due <> COALESCE(paid.amount, 0)
    OR (paid.id IS NOT NULL AND orders.vend IS NOT NULL AND NOT orders.is_refund
        AND NOT paid.as_sold)
