-- a copied database talks to no machine
UPDATE wine_bridge_command SET state = 'expired' WHERE state = 'queued';
UPDATE wine_bridge_credential
   SET state = 'revoked', secret_hash = NULL, stand = 'gone:' || version,
       applied = 'gone:' || version;
UPDATE wine_bridge_auth SET state = 'late', token = NULL WHERE state IN ('new', 'asked');
DELETE FROM ir_config_parameter WHERE key = 'wine.metrics_token';
UPDATE wine_bridge_claim SET state = 'over', code_hash = NULL WHERE state = 'open';
