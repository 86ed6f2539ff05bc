-- Closed sessions of one business day: net of their orders, and the income that their entry books.
SELECT 'session_income' AS kind, COALESCE(session.wine_region_id, 0) AS region,
       session.id AS session_id, session.move_id, session.name AS document,
       due.amount AS expected, ROUND(booked.amount, %(digits)s) AS found
  FROM pos_session session
  JOIN pos_config config ON config.id = session.config_id
 CROSS JOIN LATERAL (
    SELECT COALESCE(SUM(ROUND(line.price_subtotal, %(digits)s)), 0) AS amount
      FROM pos_order ord JOIN pos_order_line line ON line.order_id = ord.id
     WHERE ord.session_id = session.id AND ord.state NOT IN ('draft', 'cancel')
 ) due
 CROSS JOIN LATERAL (
    SELECT COALESCE(-SUM(line.balance), 0) AS amount
      FROM account_move_line line
      JOIN account_account account ON account.id = line.account_id
     WHERE line.move_id = session.move_id AND line.parent_state = 'posted'
       AND account.account_type IN ('income', 'income_other')
 ) booked
 WHERE session.wine_business_date = %(date)s AND config.company_id = %(company)s
   AND session.state = 'closed' AND due.amount <> ROUND(booked.amount, %(digits)s)
