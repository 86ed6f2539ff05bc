-- SPDX-License-Identifier: LGPL-3.0-or-later
-- The sales of the machine-days that are due, added up; see models/wine_report_sales.py.
WITH due (machine_id, business_date) AS (VALUES %(due)s),
vend AS (
    SELECT wine_vend.*
      FROM wine_vend
      JOIN due USING (machine_id, business_date)
     WHERE wine_vend.pay_kind <> 'test'
       AND wine_vend.state NOT IN ('draft', 'reserved', 'authorised', 'accepted', 'dispensing')
),
booked AS (
    SELECT pos_order.wine_vend_id AS vend_id,
           SUM(line.qty) AS units,
           SUM(line.price_subtotal_incl) AS gross,
           SUM(line.price_subtotal) AS net,
           SUM(line.price_unit * line.qty * COALESCE(line.discount, 0) / 100) AS discount,
           -SUM(line.price_subtotal_incl) FILTER (WHERE line.qty < 0) AS refunds,
           SUM(CASE WHEN line.is_total_cost_computed THEN line.total_cost::numeric
                    ELSE line.qty * COALESCE(
                        (product.standard_price ->> vend.company_id::text)::numeric, 0)
               END) FILTER (WHERE pos_order.wine_stock_state <> 'none') AS cost
      FROM vend
      JOIN pos_order ON pos_order.wine_vend_id = vend.id
      JOIN pos_order_line line ON line.order_id = pos_order.id
      JOIN product_product product ON product.id = line.product_id
     WHERE pos_order.state <> 'cancel'
     GROUP BY pos_order.wine_vend_id
),
supplier AS (
    SELECT DISTINCT ON (product.id) product.id AS product_id, info.partner_id
      FROM product_product product
      JOIN product_supplierinfo info ON info.product_tmpl_id = product.product_tmpl_id
       AND COALESCE(info.product_id, product.id) = product.id
     WHERE product.id IN (SELECT product_id FROM vend)
     ORDER BY product.id, info.sequence, info.min_qty DESC, info.price, info.id
),
fresh AS (
    SELECT vend.business_date,
           EXTRACT(ISODOW FROM vend.business_date)::int::varchar AS weekday,
           EXTRACT(HOUR FROM vend.moment AT TIME ZONE 'UTC' AT TIME ZONE region.tz)::int AS hour,
           vend.machine_id,
           MAX(vend.site_id) AS site_id,
           vend.region_id,
           MAX(vend.company_id) AS company_id,
           MAX(vend.currency_id) AS currency_id,
           vend.product_id,
           MAX(template.categ_id) AS categ_id,
           MAX(supplier.partner_id) AS supplier_id,
           vend.pay_kind,
           COUNT(*) FILTER (WHERE vend.state = 'captured') AS vends,
           COUNT(*) AS attempts,
           COUNT(*) FILTER (WHERE vend.outcome = 'failed'
                               OR (vend.state = 'voided' AND vend.outcome IS NULL)) AS failed,
           COUNT(*) FILTER (WHERE vend.state = 'refunded') AS refunded,
           COALESCE(SUM(booked.units), 0) AS units,
           COALESCE(SUM(booked.gross), 0)::numeric AS gross,
           COALESCE(SUM(booked.net), 0)::numeric AS net,
           COALESCE(SUM(booked.discount), 0)::numeric AS discount,
           COALESCE(SUM(booked.refunds), 0)::numeric AS refunds,
           ROUND(COALESCE(SUM(booked.cost), 0)::numeric, 2) AS cost
      FROM vend
      JOIN wine_region region ON region.id = vend.region_id
      JOIN product_product product ON product.id = vend.product_id
      JOIN product_template template ON template.id = product.product_tmpl_id
      LEFT JOIN supplier ON supplier.product_id = vend.product_id
      LEFT JOIN booked ON booked.vend_id = vend.id
     GROUP BY vend.business_date, 3, vend.machine_id, vend.region_id, vend.product_id, vend.pay_kind
),
gone AS (
    DELETE FROM wine_report_sales old
     USING due
     WHERE old.machine_id = due.machine_id
       AND old.business_date = due.business_date
       AND NOT EXISTS (
           SELECT FROM fresh
            WHERE (fresh.machine_id, fresh.business_date, fresh.hour, fresh.product_id,
                   fresh.pay_kind, fresh.region_id)
                = (old.machine_id, old.business_date, old.hour, old.product_id,
                   old.pay_kind, old.region_id)
       )
)
INSERT INTO wine_report_sales AS old (
    business_date, weekday, hour, machine_id, site_id, region_id, company_id, currency_id,
    product_id, categ_id, supplier_id, pay_kind, vends, attempts, failed, refunded, units,
    gross, net, tax, discount, refunds, cost, margin, margin_rate, failure_rate
)
SELECT business_date, weekday, hour, machine_id, site_id, region_id, company_id, currency_id,
       product_id, categ_id, supplier_id, pay_kind, vends, attempts, failed, refunded, units,
       gross, net, gross - net, discount, refunds, cost, net - cost,
       COALESCE(100 * (net - cost) / NULLIF(net, 0), 0),
       COALESCE(100.0 * failed / NULLIF(attempts, 0), 0)
  FROM fresh
ON CONFLICT (machine_id, business_date, hour, product_id, pay_kind, region_id) DO UPDATE
   SET site_id = EXCLUDED.site_id, categ_id = EXCLUDED.categ_id,
       supplier_id = EXCLUDED.supplier_id, vends = EXCLUDED.vends,
       attempts = EXCLUDED.attempts, failed = EXCLUDED.failed, refunded = EXCLUDED.refunded,
       units = EXCLUDED.units, gross = EXCLUDED.gross, net = EXCLUDED.net, tax = EXCLUDED.tax,
       discount = EXCLUDED.discount, refunds = EXCLUDED.refunds, cost = EXCLUDED.cost,
       margin = EXCLUDED.margin, margin_rate = EXCLUDED.margin_rate,
       failure_rate = EXCLUDED.failure_rate
 WHERE (old.site_id, old.categ_id, old.supplier_id, old.vends, old.attempts, old.failed,
        old.refunded, old.units, old.gross, old.net, old.discount, old.refunds, old.cost)
       IS DISTINCT FROM
       (EXCLUDED.site_id, EXCLUDED.categ_id, EXCLUDED.supplier_id, EXCLUDED.vends,
        EXCLUDED.attempts, EXCLUDED.failed, EXCLUDED.refunded, EXCLUDED.units, EXCLUDED.gross,
        EXCLUDED.net, EXCLUDED.discount, EXCLUDED.refunds, EXCLUDED.cost)
