-- Postings of one day that no order line explains (rent, splits, adjustments): each sums to zero.
-- What follows a # tells the halves of a split apart.
SELECT 'share_sum' AS kind, COALESCE(MIN(entry.region_id), 0) AS region,
       MIN(entry.machine_id) AS machine_id, MIN(entry.vend_id) AS vend_id,
       split_part(entry.source, '#', 1) AS document,
       split_part(entry.source, '#', 1) || '/' || entry.kind AS subject,
       0 AS expected, SUM(entry.amount) AS found
  FROM wine_share_entry entry
 WHERE entry.date = %(date)s AND entry.company_id = %(company)s
   AND entry.kind NOT IN ('sale', 'reversal')
 GROUP BY split_part(entry.source, '#', 1), entry.kind
HAVING SUM(entry.amount) <> 0
