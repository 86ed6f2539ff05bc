-- a copied database talks to no machine
UPDATE wine_bridge_command SET state = 'expired' WHERE state = 'queued';
UPDATE wine_bridge_credential
   SET state = 'revoked', secret_hash = NULL, stand = 'gone:' || version,
       applied = 'gone:' || version;
UPDATE wine_bridge_claim SET state = 'over', code_hash = NULL WHERE state = 'open';
