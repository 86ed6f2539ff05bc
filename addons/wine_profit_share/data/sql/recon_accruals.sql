-- Accruals of one business day: expense per region and what is payable to each partner, against the
-- entries that the accrual took.
WITH accruals AS MATERIALIZED (
    SELECT id, move_id, currency_id, amount FROM wine_share_accrual
     WHERE business_date = %(date)s AND company_id = %(company)s AND state = 'posted'
), taken AS MATERIALIZED (
    SELECT accruals.id AS accrual, COALESCE(entry.region_id, 0) AS region, entry.partner_id,
           SUM(entry.amount) AS amount
      FROM accruals JOIN wine_share_entry entry ON entry.accrual_id = accruals.id
     WHERE entry.account_kind = 'party'
     GROUP BY 1, 2, 3
), lines AS MATERIALIZED (
    SELECT accruals.id AS accrual, COALESCE(line.wine_share_region_id, 0) AS region,
           line.partner_id,
           CASE WHEN accruals.currency_id = line.company_currency_id
                THEN line.balance ELSE line.amount_currency END AS balance,
           account.account_type IN ('liability_payable', 'liability_current') AS payable
      FROM accruals
      JOIN account_move_line line ON line.move_id = accruals.move_id
      JOIN account_account account ON account.id = line.account_id
     WHERE line.parent_state = 'posted'
), by_region AS (
    SELECT accrual, region, SUM(due) AS due, SUM(booked) AS booked
      FROM (SELECT accrual, region, amount AS due, 0 AS booked FROM taken
             UNION ALL
            SELECT accrual, region, 0, balance FROM lines WHERE NOT payable) both_of_them
     GROUP BY 1, 2
), by_partner AS (
    SELECT accrual, partner_id, SUM(due) AS due, SUM(booked) AS booked, MAX(region) AS region
      FROM (SELECT accrual, partner_id, region, amount AS due, 0 AS booked FROM taken
             UNION ALL
            SELECT accrual, partner_id, region, 0, -balance FROM lines WHERE payable) both_of_them
     GROUP BY 1, 2
), intact AS (
    SELECT accruals.id AS accrual, SUM(-lines.balance) = MAX(accruals.amount) AS yes
      FROM accruals JOIN lines ON lines.accrual = accruals.id AND lines.payable
     GROUP BY accruals.id
), found AS (
    SELECT accrual, region, NULL::int AS partner_id, due, booked FROM by_region
     UNION ALL
    SELECT accrual, region, partner_id, due, booked FROM by_partner
)
SELECT 'accrual_amount' AS kind, found.region, accruals.move_id,
       'wine.share.accrual:' || found.accrual || COALESCE('/' || found.partner_id, '') AS subject,
       COALESCE(partner.name, region.complete_name, '') AS document,
       ROUND(found.due, %(digits)s) AS expected, ROUND(found.booked, %(digits)s) AS found,
       COALESCE(intact.yes, false) AS intact
  FROM found
  JOIN accruals ON accruals.id = found.accrual
  LEFT JOIN intact ON intact.accrual = found.accrual
  LEFT JOIN res_partner partner ON partner.id = found.partner_id
  LEFT JOIN wine_region region ON region.id = found.region
 WHERE ROUND(found.due, %(digits)s) <> ROUND(found.booked, %(digits)s)
UNION ALL
SELECT 'accrual_missing', COALESCE(entry.region_id, 0), NULL, 'region',
       '', SUM(entry.amount), 0, false
  FROM wine_share_entry entry
 WHERE entry.date = %(date)s AND entry.company_id = %(company)s
   AND entry.date < %(overdue)s AND entry.accrual_id IS NULL
   AND entry.account_kind = 'party' AND entry.kind <> 'split'
 GROUP BY 2
