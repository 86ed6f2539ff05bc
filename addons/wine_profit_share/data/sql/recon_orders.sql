-- Vends that were sold and the orders that say so, of one business day.
WITH sold AS MATERIALIZED (
    -- money that a machine held for a bottle that nobody got is a sale and its refund
    SELECT vend.id AS vend, vend.region_id AS region, vend.machine_id AS machine,
           vend.name, vend.state = 'captured' AS delivered,
           ROUND(GREATEST(vend.amount_captured, vend.amount_refunded), %(digits)s) AS sale,
           ROUND(COALESCE(vend.amount_refunded, 0), %(digits)s) AS refund
      FROM wine_vend vend
     WHERE vend.business_date = %(date)s AND vend.company_id = %(company)s
       AND vend.state IN ('captured', 'refunded')
), written AS (
    SELECT COALESCE(ord.wine_vend_id, -ord.id) AS vend, MIN(ord.id) AS order_id,
           MIN(ord.name) AS name, MIN(ord.wine_region_id) AS region,
           MIN(ord.wine_machine_id) AS machine,
           COUNT(*) FILTER (WHERE NOT COALESCE(ord.is_refund, false)) AS sales,
           SUM(ROUND(ord.amount_total, %(digits)s))
               FILTER (WHERE NOT COALESCE(ord.is_refund, false)) AS sale,
           -SUM(ROUND(ord.amount_total, %(digits)s)) FILTER (WHERE ord.is_refund) AS refund
      FROM pos_order ord
      JOIN pos_session session ON session.id = ord.session_id
     WHERE ord.wine_business_date = %(date)s AND ord.company_id = %(company)s
       AND ord.state NOT IN ('draft', 'cancel')
       AND (ord.wine_vend_id IS NOT NULL OR session.wine_business_date IS NOT NULL)
     GROUP BY 1
)
SELECT CASE WHEN sold.vend IS NULL THEN 'order_extra'
            WHEN COALESCE(written.sales, 0) = 0 THEN 'order_missing'
            ELSE 'order_amount' END AS kind,
       COALESCE(sold.region, written.region, 0) AS region,
       COALESCE(sold.machine, written.machine) AS machine_id,
       CASE WHEN COALESCE(sold.vend, written.vend) > 0
            THEN COALESCE(sold.vend, written.vend) END AS vend_id,
       written.order_id,
       COALESCE(sold.name, written.name) AS document,
       COALESCE(sold.sale - sold.refund, 0) AS expected,
       COALESCE(written.sale, 0) - COALESCE(written.refund, 0) AS found
  FROM sold FULL JOIN written ON written.vend = sold.vend
 WHERE CASE WHEN sold.vend IS NULL THEN true
            WHEN COALESCE(written.sales, 0) = 0 THEN sold.delivered OR sold.sale > 0
            ELSE written.sales > 1 OR sold.sale <> COALESCE(written.sale, 0)
                 OR sold.refund <> COALESCE(written.refund, 0) END
