-- Tills and website of one business day: what was paid for the orders that were announced as sold,
-- and whether the books know of them. Machines are looked at elsewhere.
WITH sold AS MATERIALIZED (
    SELECT sold.order_ref, sold.channel, COALESCE(MIN(sold.region_id), 0) AS region,
           SUM(sold.net) FILTER (WHERE sold.kind = 'sale') AS net
      FROM wine_sale_line sold
     WHERE sold.date = %(date)s AND sold.company_id = %(company)s
       AND sold.currency_id = %(currency)s AND sold.reverses IS NULL
     GROUP BY 1, 2
), till AS (
    SELECT sold.region, ord.id, ord.name, ROUND(ord.amount_total, %(digits)s) AS due,
           (SELECT COALESCE(SUM(pay.amount), 0) FROM pos_payment pay
             WHERE pay.pos_order_id = ord.id) AS paid
      FROM sold JOIN pos_order ord ON ord.uuid = split_part(sold.order_ref, ':', 2)
     WHERE sold.channel = 'shop'
), web AS (
    SELECT sold.region, sold.net, sold.order_ref, ord.id, ord.name, ord.state, ord.invoice_status,
           ROUND(ord.amount_total, %(digits)s) AS due,
           (SELECT COALESCE(SUM(tx.amount), 0)
              FROM sale_order_transaction_rel rel
              JOIN payment_transaction tx ON tx.id = rel.transaction_id AND tx.state = 'done'
             WHERE rel.sale_order_id = ord.id) AS paid
      FROM sold JOIN sale_order ord ON ord.id::text = split_part(sold.order_ref, ':', 2)
     WHERE sold.channel = 'website' AND ord.state = 'sale'
)
SELECT CASE WHEN till.paid = 0 THEN 'payment_missing' ELSE 'payment_amount' END AS kind,
       till.region, till.id AS order_id, till.name AS document, 'pos.order:' || till.id AS subject,
       till.due AS expected, ROUND(till.paid, %(digits)s) AS found
  FROM till
 -- coins are rounded: what misses by less than that is no difference
 WHERE ABS(till.due - till.paid) >= 0.05 + 0.5 * 10 ^ -%(digits)s
UNION ALL
SELECT CASE WHEN web.paid = 0 THEN 'payment_missing' ELSE 'payment_amount' END,
       web.region, NULL, web.name, web.order_ref, web.due, ROUND(web.paid, %(digits)s)
  FROM web
 -- what is paid by invoice and not by transaction is the business of receivables
 WHERE web.paid < web.due AND web.invoice_status <> 'invoiced'
UNION ALL
SELECT 'invoice_missing', web.region, NULL, web.name, web.order_ref, ROUND(web.net, %(digits)s), 0
  FROM web
 WHERE web.net > 0 AND web.invoice_status <> 'invoiced' AND %(date)s < %(invoice_overdue)s
