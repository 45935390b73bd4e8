-- Run once, by the image's first start: the hub's role owns its own database and is no superuser. The password stands in
-- a file and in no environment.
\set password `cat /run/secrets/postgres-password`
CREATE ROLE fairlead LOGIN PASSWORD :'password';
CREATE DATABASE fairlead OWNER fairlead;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
