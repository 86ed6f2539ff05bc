-- Card and QR money of sessions of one business day that no bank statement shows after the days
-- that the company grants (0: the bank is not compared). Only journals that have statements at all.
SELECT 'bank' AS kind, COALESCE(session.wine_region_id, 0) AS region, session.id AS session_id,
       pay.move_id, 'account.payment:' || pay.id AS subject,
       session.name || ', ' || (method.name ->> 'en_US') AS document,
       CASE WHEN pay.payment_type = 'inbound' THEN pay.amount ELSE -pay.amount END AS expected,
       0::numeric AS found
  FROM pos_session session
  JOIN pos_config config ON config.id = session.config_id
  JOIN account_payment pay ON pay.pos_session_id = session.id
  JOIN pos_payment_method method ON method.id = pay.pos_payment_method_id
 WHERE session.wine_business_date = %(date)s AND config.company_id = %(company)s
   AND %(bank_days)s > 0 AND session.wine_business_date < CURRENT_DATE - %(bank_days)s
   AND pay.state IN ('in_process', 'paid') AND NOT COALESCE(pay.is_matched, false)
   AND EXISTS (SELECT 1 FROM account_bank_statement_line line
                 JOIN account_move move ON move.id = line.move_id
                WHERE move.journal_id = pay.journal_id AND move.state = 'posted')
