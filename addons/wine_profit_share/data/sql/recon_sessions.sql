-- Closed sessions of one business day: what their orders bring, by way of payment, and what the
-- session booked for it: lines of the cash statement, payments into the bank, the clearing account.
WITH sessions AS MATERIALIZED (
    SELECT session.id, session.name, session.move_id, COALESCE(session.wine_region_id, 0) AS region,
           session.config_id
      FROM pos_session session
      JOIN pos_config config ON config.id = session.config_id
     WHERE session.wine_business_date = %(date)s AND config.company_id = %(company)s
       AND session.state = 'closed'
), paid AS (
    SELECT pay.session_id, pay.payment_method_id AS method, SUM(pay.amount) AS amount
      FROM sessions JOIN pos_payment pay ON pay.session_id = sessions.id
     GROUP BY 1, 2
), per_order AS (
    -- an order without its payment is a difference of its own and not one of the session as well
    SELECT ord.session_id,
           CASE WHEN ord.is_refund AND vend.pay_kind = 'cash' THEN 'voucher'
                ELSE vend.pay_kind END AS kind,
           ROUND(ord.amount_total, %(digits)s) - COALESCE(
               (SELECT SUM(pay.amount) FROM pos_payment pay WHERE pay.pos_order_id = ord.id), 0
           ) AS missing
      FROM sessions
      JOIN pos_order ord ON ord.session_id = sessions.id
      JOIN wine_vend vend ON vend.id = ord.wine_vend_id
     WHERE vend.pay_kind NOT IN ('free', 'test')
), unpaid AS (
    SELECT per_order.session_id, method.id AS method, SUM(per_order.missing) AS amount
      FROM per_order
      JOIN sessions ON sessions.id = per_order.session_id
      JOIN pos_config_pos_payment_method_rel rel ON rel.pos_config_id = sessions.config_id
      JOIN pos_payment_method method
        ON method.id = rel.pos_payment_method_id AND method.wine_kind = per_order.kind
     WHERE per_order.missing <> 0
     GROUP BY 1, 2
), due AS (
    SELECT session_id, method, SUM(amount) AS amount
      FROM (SELECT * FROM paid UNION ALL SELECT * FROM unpaid) both_of_them
     GROUP BY 1, 2
), statement AS (
    SELECT line.pos_session_id AS session_id, method.id AS method, SUM(line.amount) AS amount
      FROM sessions
      JOIN account_bank_statement_line line ON line.pos_session_id = sessions.id
      JOIN account_move move ON move.id = line.move_id AND move.state = 'posted'
      JOIN pos_config_pos_payment_method_rel rel ON rel.pos_config_id = sessions.config_id
      JOIN pos_payment_method method
        ON method.id = rel.pos_payment_method_id AND method.wine_kind = 'cash'
       AND method.journal_id = move.journal_id
     GROUP BY 1, 2
), bank AS (
    SELECT pay.pos_session_id AS session_id, pay.pos_payment_method_id AS method,
           SUM(CASE WHEN pay.payment_type = 'inbound' THEN pay.amount ELSE -pay.amount END)
               AS amount
      FROM sessions
      JOIN account_payment pay ON pay.pos_session_id = sessions.id
     WHERE pay.state IN ('in_process', 'paid')
     GROUP BY 1, 2
), clearing AS (
    SELECT sessions.id AS session_id, method.id AS method, SUM(line.balance) AS amount
      FROM sessions
      JOIN pos_config_pos_payment_method_rel rel ON rel.pos_config_id = sessions.config_id
      JOIN pos_payment_method method
        ON method.id = rel.pos_payment_method_id AND method.wine_kind IN ('wallet', 'voucher')
      JOIN account_move_line line
        ON line.move_id = sessions.move_id AND line.account_id = method.receivable_account_id
     GROUP BY 1, 2
), booked AS (
    SELECT * FROM statement UNION ALL SELECT * FROM bank UNION ALL SELECT * FROM clearing
)
SELECT 'session_payment' AS kind, sessions.region, sessions.id AS session_id,
       sessions.name AS document, method.id AS method_id, method.name AS method_name,
       method.wine_kind AS found_kind,
       ROUND(COALESCE(due.amount, 0), %(digits)s) AS expected,
       ROUND(COALESCE(booked.amount, 0), %(digits)s) AS found
  FROM due
  FULL JOIN booked ON booked.session_id = due.session_id AND booked.method = due.method
  JOIN sessions ON sessions.id = COALESCE(due.session_id, booked.session_id)
  JOIN pos_payment_method method ON method.id = COALESCE(due.method, booked.method)
 WHERE ROUND(COALESCE(due.amount, 0), %(digits)s) <> ROUND(COALESCE(booked.amount, 0), %(digits)s)
