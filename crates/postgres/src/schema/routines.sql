-- Variables of a session, under names like kea.disable_audit; one that was never set is NULL, 0 or false.

CREATE FUNCTION set_session_value(name TEXT, value TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config(name, value, false);
END $$

CREATE FUNCTION set_session_value(name TEXT, value BIGINT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config(name, value::text, false);
END $$

CREATE FUNCTION set_session_value(name TEXT, value BOOLEAN) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config(name, value::text, false);
END $$

CREATE FUNCTION get_session_value(name TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
  RETURN current_setting(name, true);
END $$

CREATE FUNCTION get_session_big_int(name TEXT) RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce(nullif(get_session_value(name), '')::bigint, 0);
END $$

CREATE FUNCTION get_session_boolean(name TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce(nullif(get_session_value(name), '')::boolean, false);
END $$

CREATE FUNCTION json_cast(json_candidate TEXT) RETURNS JSON LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE json_candidate WHEN '' THEN '{}' ELSE json_candidate END::json;
END $$

CREATE FUNCTION gmt_epoch(input_ts TIMESTAMPTZ) RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
  RETURN (extract(epoch FROM input_ts) + extract(timezone FROM input_ts))::bigint;
END $$

-- Lease counters. Each table of counters has one function per event of the lease table; a change counts as the old
-- lease going and the new one coming. Counted are the states 0 (default) and 1 (declined), per subnet in DHCPv6 also 4
-- (registered).

CREATE FUNCTION lease@_ains_lease@_stat(
4 new_state BIGINT, new_subnet_id BIGINT)
6 new_state BIGINT, new_subnet_id BIGINT, new_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
4 IF new_state IN (0, 1) THEN
4   INSERT INTO lease4_stat AS s (subnet_id, state, leases) VALUES (new_subnet_id, new_state, 1)
4     ON CONFLICT (subnet_id, state) DO UPDATE SET leases = s.leases + 1;
6 IF new_state IN (0, 1, 4) THEN
6   INSERT INTO lease6_stat AS s (subnet_id, lease_type, state, leases)
6     VALUES (new_subnet_id, new_lease_type, new_state, 1)
6     ON CONFLICT (subnet_id, lease_type, state) DO UPDATE SET leases = s.leases + 1;
  END IF;
END $$

CREATE FUNCTION lease@_adel_lease@_stat(
4 old_state BIGINT, old_subnet_id BIGINT)
6 old_state BIGINT, old_subnet_id BIGINT, old_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
4 IF old_state IN (0, 1) THEN
6 IF old_state IN (0, 1, 4) THEN
    UPDATE lease@_stat SET leases = leases - 1
6     WHERE lease_type = old_lease_type AND subnet_id = old_subnet_id AND state = old_state AND leases > 0;
4     WHERE subnet_id = old_subnet_id AND state = old_state AND leases > 0;
  END IF;
END $$

CREATE FUNCTION lease@_aupd_lease@_stat(
4 old_state BIGINT, old_subnet_id BIGINT, new_state BIGINT, new_subnet_id BIGINT)
6 old_state BIGINT, old_subnet_id BIGINT, old_lease_type SMALLINT,
6 new_state BIGINT, new_subnet_id BIGINT, new_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
4 IF old_subnet_id != new_subnet_id OR old_state != new_state THEN
4   PERFORM lease4_adel_lease4_stat(old_state, old_subnet_id);
4   PERFORM lease4_ains_lease4_stat(new_state, new_subnet_id);
6 IF old_subnet_id != new_subnet_id OR old_lease_type != new_lease_type OR old_state != new_state THEN
6   PERFORM lease6_adel_lease6_stat(old_state, old_subnet_id, old_lease_type);
6   PERFORM lease6_ains_lease6_stat(new_state, new_subnet_id, new_lease_type);
  END IF;
END $$

CREATE FUNCTION lease@_ains_lease@_pool_stat(
4 new_state BIGINT, new_subnet_id BIGINT, new_pool_id BIGINT)
6 new_state BIGINT, new_subnet_id BIGINT, new_pool_id BIGINT, new_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF new_state IN (0, 1) THEN
4   INSERT INTO lease4_pool_stat AS s (subnet_id, pool_id, state, leases)
4     VALUES (new_subnet_id, new_pool_id, new_state, 1)
4     ON CONFLICT (subnet_id, pool_id, state) DO UPDATE SET leases = s.leases + 1;
6   INSERT INTO lease6_pool_stat AS s (subnet_id, pool_id, lease_type, state, leases)
6     VALUES (new_subnet_id, new_pool_id, new_lease_type, new_state, 1)
6     ON CONFLICT (subnet_id, pool_id, lease_type, state) DO UPDATE SET leases = s.leases + 1;
  END IF;
END $$

CREATE FUNCTION lease@_adel_lease@_pool_stat(
4 old_state BIGINT, old_subnet_id BIGINT, old_pool_id BIGINT)
6 old_state BIGINT, old_subnet_id BIGINT, old_pool_id BIGINT, old_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF old_state IN (0, 1) THEN
    UPDATE lease@_pool_stat SET leases = leases - 1
      WHERE subnet_id = old_subnet_id AND pool_id = old_pool_id AND state = old_state
6       AND lease_type = old_lease_type
        AND leases > 0;
  END IF;
END $$

CREATE FUNCTION lease@_aupd_lease@_pool_stat(
4 old_state BIGINT, old_subnet_id BIGINT, old_pool_id BIGINT,
4 new_state BIGINT, new_subnet_id BIGINT, new_pool_id BIGINT)
6 old_state BIGINT, old_subnet_id BIGINT, old_pool_id BIGINT, old_lease_type SMALLINT,
6 new_state BIGINT, new_subnet_id BIGINT, new_pool_id BIGINT, new_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
4 IF old_subnet_id != new_subnet_id OR old_pool_id != new_pool_id OR old_state != new_state THEN
4   PERFORM lease4_adel_lease4_pool_stat(old_state, old_subnet_id, old_pool_id);
4   PERFORM lease4_ains_lease4_pool_stat(new_state, new_subnet_id, new_pool_id);
6 IF old_subnet_id != new_subnet_id OR old_pool_id != new_pool_id OR old_lease_type != new_lease_type
6     OR old_state != new_state THEN
6   PERFORM lease6_adel_lease6_pool_stat(old_state, old_subnet_id, old_pool_id, old_lease_type);
6   PERFORM lease6_ains_lease6_pool_stat(new_state, new_subnet_id, new_pool_id, new_lease_type);
  END IF;
END $$

-- The classes of a lease are in its user context, as the limits hook writes them.

CREATE FUNCTION lease@_ains_lease@_stat_by_client_class(
4 new_state BIGINT, new_user_context TEXT)
6 new_state BIGINT, new_user_context TEXT, new_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  class TEXT;
BEGIN
  IF new_state = 0 THEN
    FOR class IN SELECT json_array_elements_text(json_cast(new_user_context)->'ISC'->'client-classes') LOOP
4     INSERT INTO lease4_stat_by_client_class AS s (client_class, leases) VALUES (class, 1)
4       ON CONFLICT (client_class) DO UPDATE SET leases = s.leases + 1;
6     INSERT INTO lease6_stat_by_client_class AS s (client_class, lease_type, leases)
6       VALUES (class, new_lease_type, 1)
6       ON CONFLICT (client_class, lease_type) DO UPDATE SET leases = s.leases + 1;
    END LOOP;
  END IF;
END $$

CREATE FUNCTION lease@_adel_lease@_stat_by_client_class(
4 old_state BIGINT, old_user_context TEXT)
6 old_state BIGINT, old_user_context TEXT, old_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  class TEXT;
BEGIN
  IF old_state = 0 THEN
    FOR class IN SELECT json_array_elements_text(json_cast(old_user_context)->'ISC'->'client-classes') LOOP
      UPDATE lease@_stat_by_client_class SET leases = leases - 1
6       WHERE lease_type = old_lease_type AND client_class = class AND leases > 0;
4       WHERE client_class = class AND leases > 0;
    END LOOP;
  END IF;
END $$

CREATE FUNCTION lease@_aupd_lease@_stat_by_client_class(
4 old_state BIGINT, old_user_context TEXT, new_state BIGINT, new_user_context TEXT)
6 old_state BIGINT, old_user_context TEXT, old_lease_type SMALLINT,
6 new_state BIGINT, new_user_context TEXT, new_lease_type SMALLINT)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  old_classes TEXT := json_cast(old_user_context)->'ISC'->'client-classes';
  new_classes TEXT := json_cast(new_user_context)->'ISC'->'client-classes';
BEGIN
4 IF old_state != new_state OR old_classes IS DISTINCT FROM new_classes THEN
4   PERFORM lease4_adel_lease4_stat_by_client_class(old_state, old_user_context);
4   PERFORM lease4_ains_lease4_stat_by_client_class(new_state, new_user_context);
6 IF old_state != new_state OR old_lease_type != new_lease_type OR old_classes IS DISTINCT FROM new_classes THEN
6   PERFORM lease6_adel_lease6_stat_by_client_class(old_state, old_user_context, old_lease_type);
6   PERFORM lease6_ains_lease6_stat_by_client_class(new_state, new_user_context, new_lease_type);
  END IF;
END $$

CREATE FUNCTION func_lease@_ains() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
4 PERFORM lease4_ains_lease4_stat(NEW.state, NEW.subnet_id);
4 PERFORM lease4_ains_lease4_pool_stat(NEW.state, NEW.subnet_id, NEW.pool_id);
4 PERFORM lease4_ains_lease4_stat_by_client_class(NEW.state, NEW.user_context);
6 PERFORM lease6_ains_lease6_stat(NEW.state, NEW.subnet_id, NEW.lease_type);
6 PERFORM lease6_ains_lease6_pool_stat(NEW.state, NEW.subnet_id, NEW.pool_id, NEW.lease_type);
6 PERFORM lease6_ains_lease6_stat_by_client_class(NEW.state, NEW.user_context, NEW.lease_type);
  RETURN NULL;
END $$

CREATE FUNCTION func_lease@_aupd() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
4 PERFORM lease4_aupd_lease4_stat(OLD.state, OLD.subnet_id, NEW.state, NEW.subnet_id);
4 PERFORM lease4_aupd_lease4_pool_stat(
4   OLD.state, OLD.subnet_id, OLD.pool_id, NEW.state, NEW.subnet_id, NEW.pool_id);
4 PERFORM lease4_aupd_lease4_stat_by_client_class(OLD.state, OLD.user_context, NEW.state, NEW.user_context);
6 PERFORM lease6_aupd_lease6_stat(
6   OLD.state, OLD.subnet_id, OLD.lease_type, NEW.state, NEW.subnet_id, NEW.lease_type);
6 PERFORM lease6_aupd_lease6_pool_stat(OLD.state, OLD.subnet_id, OLD.pool_id, OLD.lease_type,
6   NEW.state, NEW.subnet_id, NEW.pool_id, NEW.lease_type);
6 PERFORM lease6_aupd_lease6_stat_by_client_class(
6   OLD.state, OLD.user_context, OLD.lease_type, NEW.state, NEW.user_context, NEW.lease_type);
  RETURN NULL;
END $$

CREATE FUNCTION func_lease@_adel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
4 PERFORM lease4_adel_lease4_stat(OLD.state, OLD.subnet_id);
4 PERFORM lease4_adel_lease4_pool_stat(OLD.state, OLD.subnet_id, OLD.pool_id);
4 PERFORM lease4_adel_lease4_stat_by_client_class(OLD.state, OLD.user_context);
6 PERFORM lease6_adel_lease6_stat(OLD.state, OLD.subnet_id, OLD.lease_type);
6 PERFORM lease6_adel_lease6_pool_stat(OLD.state, OLD.subnet_id, OLD.pool_id, OLD.lease_type);
6 PERFORM lease6_adel_lease6_stat_by_client_class(OLD.state, OLD.user_context, OLD.lease_type);
  RETURN NULL;
END $$

CREATE TRIGGER lease@_ains AFTER INSERT ON lease@ FOR EACH ROW EXECUTE PROCEDURE func_lease@_ains()

CREATE TRIGGER lease@_aupd AFTER UPDATE ON lease@ FOR EACH ROW EXECUTE PROCEDURE func_lease@_aupd()

CREATE TRIGGER lease@_adel AFTER DELETE ON lease@ FOR EACH ROW EXECUTE PROCEDURE func_lease@_adel()

-- Limits of a lease, from the user context that it would have; an empty text when it is within all of them.

CREATE FUNCTION checklease@limits(user_context TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
  limits JSON := json_cast(user_context)->'ISC'->'limits';
  class JSON;
  subnet BIGINT := limits->'subnet'->>'id';
  most BIGINT;
  held BIGINT;
BEGIN
  FOR class IN SELECT json_array_elements(limits->'client-classes') LOOP
    most := class->>'address-limit';
    held := coalesce((SELECT s.leases FROM lease@_stat_by_client_class AS s
6     WHERE s.lease_type = 0 AND s.client_class = class->>'name'), 0);
4     WHERE s.client_class = class->>'name'), 0);
    IF most <= held THEN
      RETURN concat('address limit ', most, ' for client class "', class->>'name', '", current lease count ', held);
    END IF;
6   most := class->>'prefix-limit';
6   held := coalesce((SELECT s.leases FROM lease6_stat_by_client_class AS s
6     WHERE s.lease_type = 2 AND s.client_class = class->>'name'), 0);
6   IF most <= held THEN
6     RETURN concat('prefix limit ', most, ' for client class "', class->>'name', '", current lease count ', held);
6   END IF;
  END LOOP;
  most := limits->'subnet'->>'address-limit';
  held := coalesce((SELECT s.leases FROM lease@_stat AS s
6   WHERE s.lease_type = 0 AND s.subnet_id = subnet AND s.state = 0), 0);
4   WHERE s.subnet_id = subnet AND s.state = 0), 0);
  IF most <= held THEN
    RETURN concat('address limit ', most, ' for subnet ID ', subnet, ', current lease count ', held);
  END IF;
6 most := limits->'subnet'->>'prefix-limit';
6 held := coalesce((SELECT s.leases FROM lease6_stat AS s
6   WHERE s.lease_type = 2 AND s.subnet_id = subnet AND s.state = 0), 0);
6 IF most <= held THEN
6   RETURN concat('prefix limit ', most, ' for subnet ID ', subnet, ', current lease count ', held);
6 END IF;
  RETURN '';
END $$

-- Leases in and out of the database, in the columns of the lease file.

CREATE FUNCTION colonseparatedhex(hex TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
  RETURN lower(regexp_replace(repeat('0', length(hex) % 2) || hex, '(..)(?!$)', '\1:', 'g'));
END $$

CREATE FUNCTION lease@dumpheader() RETURNS TEXT LANGUAGE sql AS $$
4 SELECT concat_ws(',', 'address', 'hwaddr', 'client_id', 'valid_lifetime', 'expire', 'subnet_id', 'fqdn_fwd',
4   'fqdn_rev', 'hostname', 'state', 'user_context', 'pool_id');
6 SELECT concat_ws(',', 'address', 'duid', 'valid_lifetime', 'expire', 'subnet_id', 'pref_lifetime', 'lease_type',
6   'iaid', 'prefix_len', 'fqdn_fwd', 'fqdn_rev', 'hostname', 'hwaddr', 'state', 'user_context', 'hwtype',
6   'hwaddr_source', 'pool_id');
$$

4 CREATE FUNCTION lease4dumpdata() RETURNS TABLE (address INET, hwaddr VARCHAR, client_id VARCHAR,
  valid_lifetime BIGINT, expire BIGINT, subnet_id BIGINT, fqdn_fwd INT, fqdn_rev INT, hostname VARCHAR, state BIGINT,
  user_context VARCHAR, pool_id BIGINT) LANGUAGE sql AS $$
  SELECT '0.0.0.0'::inet + l.address, colonseparatedhex(encode(l.hwaddr, 'hex')),
    colonseparatedhex(encode(l.client_id, 'hex')), l.valid_lifetime, extract(epoch FROM l.expire)::bigint, l.subnet_id,
    l.fqdn_fwd::int, l.fqdn_rev::int, replace(l.hostname, ',', '&#x2c'), l.state,
    replace(l.user_context, ',', '&#x2c'), l.pool_id
  FROM lease4 AS l ORDER BY l.address;
$$

6 CREATE FUNCTION lease6dumpdata() RETURNS TABLE (address VARCHAR, duid VARCHAR, valid_lifetime BIGINT, expire BIGINT,
  subnet_id BIGINT, pref_lifetime BIGINT, lease_type SMALLINT, iaid INT, prefix_len SMALLINT, fqdn_fwd INT,
  fqdn_rev INT, hostname VARCHAR, hwaddr VARCHAR, state BIGINT, user_context VARCHAR, hwtype SMALLINT,
  hwaddr_source SMALLINT, pool_id BIGINT) LANGUAGE sql AS $$
  SELECT host(l.address), colonseparatedhex(encode(l.duid, 'hex')), l.valid_lifetime,
    extract(epoch FROM l.expire)::bigint, l.subnet_id, l.pref_lifetime, l.lease_type, l.iaid, l.prefix_len,
    l.fqdn_fwd::int, l.fqdn_rev::int, replace(l.hostname, ',', '&#x2c'), colonseparatedhex(encode(l.hwaddr, 'hex')),
    l.state, replace(l.user_context, ',', '&#x2c'), l.hwtype, l.hwaddr_source, l.pool_id
  FROM lease6 AS l ORDER BY l.address;
$$

4 CREATE FUNCTION lease4upload(address VARCHAR, hwaddr VARCHAR, client_id VARCHAR, valid_lifetime BIGINT,
  expire BIGINT, subnet_id BIGINT, fqdn_fwd INT, fqdn_rev INT, hostname VARCHAR, state BIGINT, user_context VARCHAR,
  pool_id BIGINT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lease4 (address, hwaddr, client_id, valid_lifetime, expire, subnet_id, fqdn_fwd, fqdn_rev, hostname,
      state, user_context, pool_id)
    VALUES (address::inet - '0.0.0.0'::inet, decode(replace(hwaddr, ':', ''), 'hex'),
      decode(replace(client_id, ':', ''), 'hex'), valid_lifetime, to_timestamp(expire), subnet_id, fqdn_fwd::boolean,
      fqdn_rev::boolean, replace(hostname, '&#x2c', ','), state, replace(user_context, '&#x2c', ','), pool_id);
END $$

-- Without the pool, as older lease files are.

4 CREATE FUNCTION lease4upload(address VARCHAR, hwaddr VARCHAR, client_id VARCHAR, valid_lifetime BIGINT,
  expire BIGINT, subnet_id BIGINT, fqdn_fwd INT, fqdn_rev INT, hostname VARCHAR, state BIGINT, user_context VARCHAR)
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lease4upload(address, hwaddr, client_id, valid_lifetime, expire, subnet_id, fqdn_fwd, fqdn_rev, hostname,
    state, user_context, 0);
END $$

6 CREATE FUNCTION lease6upload(address VARCHAR, duid VARCHAR, valid_lifetime BIGINT, expire BIGINT, subnet_id BIGINT,
  pref_lifetime BIGINT, lease_type INT, iaid INT, prefix_len INT, fqdn_fwd INT, fqdn_rev INT, hostname VARCHAR,
  hwaddr VARCHAR, state BIGINT, user_context VARCHAR, hwtype INT, hwaddr_source INT, pool_id BIGINT)
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lease6 (address, duid, valid_lifetime, expire, subnet_id, pref_lifetime, lease_type, iaid, prefix_len,
      fqdn_fwd, fqdn_rev, hostname, hwaddr, state, user_context, hwtype, hwaddr_source, pool_id)
    VALUES (address::inet, decode(replace(duid, ':', ''), 'hex'), valid_lifetime, to_timestamp(expire), subnet_id,
      pref_lifetime, lease_type, iaid, prefix_len, fqdn_fwd::boolean, fqdn_rev::boolean,
      replace(hostname, '&#x2c', ','), decode(replace(hwaddr, ':', ''), 'hex'), state,
      replace(user_context, '&#x2c', ','), hwtype, hwaddr_source, pool_id);
END $$

6 CREATE FUNCTION lease6upload(address VARCHAR, duid VARCHAR, valid_lifetime BIGINT, expire BIGINT, subnet_id BIGINT,
  pref_lifetime BIGINT, lease_type INT, iaid INT, prefix_len INT, fqdn_fwd INT, fqdn_rev INT, hostname VARCHAR,
  hwaddr VARCHAR, state BIGINT, user_context VARCHAR, hwtype INT, hwaddr_source INT)
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lease6upload(address, duid, valid_lifetime, expire, subnet_id, pref_lifetime, lease_type, iaid, prefix_len,
    fqdn_fwd, fqdn_rev, hostname, hwaddr, state, user_context, hwtype, hwaddr_source, 0);
END $$

-- The audit of the configuration backend. Who writes opens a revision first; triggers then note every object that
-- changes. While kea.cascade_transaction is set, options are noted with the object that is written as a whole, not by
-- themselves. kea.disable_audit switches all of it off.

CREATE FUNCTION createauditrevisiondhcp@(audit_ts TIMESTAMPTZ, server_tag VARCHAR, audit_log_message TEXT,
  cascade_transaction BOOLEAN) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  revision BIGINT;
BEGIN
  IF NOT get_session_boolean('kea.disable_audit') THEN
    INSERT INTO dhcp@_audit_revision (modification_ts, log_message, server_id)
      VALUES (audit_ts, audit_log_message, (SELECT s.id FROM dhcp@_server AS s WHERE s.tag = server_tag))
      RETURNING id INTO revision;
    PERFORM set_session_value('kea.audit_revision_id', revision);
    PERFORM set_session_value('kea.cascade_transaction', cascade_transaction);
  END IF;
END $$

CREATE FUNCTION createauditentrydhcp@(object_type_val VARCHAR, object_id_val BIGINT, modification_type_val VARCHAR)
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT get_session_boolean('kea.disable_audit') THEN
    INSERT INTO dhcp@_audit (object_type, object_id, modification_type, revision_id)
      VALUES (object_type_val, object_id_val,
        (SELECT m.id FROM modification AS m WHERE m.modification_type = modification_type_val),
        get_session_big_int('kea.audit_revision_id'));
  END IF;
END $$

-- An option of a subnet, network or pool touches that subnet or network, whose own trigger notes it.

CREATE FUNCTION createoptionauditdhcp@(modification_type VARCHAR, scope_id SMALLINT, option_id INT,
  p_subnet_id BIGINT, host_id INT, network_name VARCHAR, pool_id BIGINT,
6 pd_pool_id BIGINT, p_modification_ts TIMESTAMPTZ) RETURNS void LANGUAGE plpgsql AS $$
4 p_modification_ts TIMESTAMPTZ) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  touched BIGINT := NULL;
BEGIN
  IF NOT get_session_boolean('kea.cascade_transaction') THEN
    CASE scope_id
      WHEN 0 THEN PERFORM createauditentrydhcp@('dhcp@_options', option_id, modification_type);
      WHEN 1 THEN touched := p_subnet_id;
      WHEN 4 THEN
        UPDATE dhcp@_shared_network AS n SET modification_ts = p_modification_ts WHERE n.name = network_name;
      WHEN 5 THEN touched := (SELECT p.subnet_id FROM dhcp@_pool AS p WHERE p.id = pool_id);
6     WHEN 6 THEN touched := (SELECT p.subnet_id FROM dhcp6_pd_pool AS p WHERE p.id = pd_pool_id);
      ELSE NULL;
    END CASE;
    IF touched IS NOT NULL THEN
      UPDATE dhcp@_subnet AS s SET modification_ts = p_modification_ts WHERE s.subnet_id = touched;
    END IF;
  END IF;
END $$

-- One function and one trigger for each event of each kind of object. (Deleted networks and subnets are noted below.)

DO $do$
DECLARE
  object RECORD;
  event RECORD;
BEGIN
  FOR object IN SELECT * FROM (VALUES
      ('server', 'id', '{ains,aupd,adel}'), ('global_parameter', 'id', '{ains,aupd,adel}'),
      ('option_def', 'id', '{ains,aupd,adel}'), ('shared_network', 'id', '{ains,aupd}'),
      ('subnet', 'subnet_id', '{ains,aupd}')) AS objects (kind, key, events) LOOP
    FOR event IN SELECT * FROM (VALUES ('ains', 'INSERT', 'NEW', 'create'), ('aupd', 'UPDATE', 'NEW', 'update'),
        ('adel', 'DELETE', 'OLD', 'delete')) AS events (name, statement, source, modification)
        WHERE name = ANY (object.events::text[]) LOOP
      EXECUTE format('CREATE FUNCTION func_dhcp@_%1$s_%2$s() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM createauditentrydhcp@(''dhcp@_%1$s'', %3$s.%4$s, ''%5$s'');
          RETURN NULL;
        END $$', object.kind, event.name, event.source, object.key, event.modification);
      EXECUTE format('CREATE TRIGGER dhcp@_%1$s_%2$s AFTER %3$s ON dhcp@_%1$s FOR EACH ROW
        EXECUTE PROCEDURE func_dhcp@_%1$s_%2$s()', object.kind, event.name, event.statement);
    END LOOP;
  END LOOP;
END $do$

CREATE FUNCTION func_dhcp@_shared_network_bdel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM createauditentrydhcp@('dhcp@_shared_network', OLD.id, 'delete');
  UPDATE dhcp@_subnet SET shared_network_name = NULL WHERE shared_network_name = OLD.name;
  DELETE FROM dhcp@_options WHERE shared_network_name = OLD.name;
  RETURN OLD;
END $$

CREATE TRIGGER dhcp@_shared_network_bdel BEFORE DELETE ON dhcp@_shared_network FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_shared_network_bdel()

CREATE FUNCTION func_dhcp@_subnet_bdel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM createauditentrydhcp@('dhcp@_subnet', OLD.subnet_id, 'delete');
  DELETE FROM dhcp@_pool WHERE subnet_id = OLD.subnet_id;
6 DELETE FROM dhcp6_pd_pool WHERE subnet_id = OLD.subnet_id;
  DELETE FROM dhcp@_options WHERE dhcp@_subnet_id = OLD.subnet_id;
  RETURN OLD;
END $$

CREATE TRIGGER dhcp@_subnet_bdel BEFORE DELETE ON dhcp@_subnet FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_subnet_bdel()

CREATE FUNCTION func_dhcp@_pool_bdel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM dhcp@_options WHERE scope_id = 5 AND pool_id = OLD.id;
  RETURN OLD;
END $$

CREATE TRIGGER dhcp@_pool_bdel BEFORE DELETE ON dhcp@_pool FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_pool_bdel()

6 CREATE FUNCTION func_dhcp6_pd_pool_bdel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM dhcp6_options WHERE scope_id = 6 AND pd_pool_id = OLD.id;
  RETURN OLD;
END $$

6 CREATE TRIGGER dhcp6_pd_pool_bdel BEFORE DELETE ON dhcp6_pd_pool FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp6_pd_pool_bdel()

CREATE FUNCTION func_dhcp@_options_ains() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM createoptionauditdhcp@('create', NEW.scope_id, NEW.option_id, NEW.dhcp@_subnet_id, NEW.host_id,
6   NEW.shared_network_name, NEW.pool_id, NEW.pd_pool_id, NEW.modification_ts);
4   NEW.shared_network_name, NEW.pool_id, NEW.modification_ts);
  RETURN NULL;
END $$

CREATE FUNCTION func_dhcp@_options_aupd() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM createoptionauditdhcp@('update', NEW.scope_id, NEW.option_id, NEW.dhcp@_subnet_id, NEW.host_id,
6   NEW.shared_network_name, NEW.pool_id, NEW.pd_pool_id, NEW.modification_ts);
4   NEW.shared_network_name, NEW.pool_id, NEW.modification_ts);
  RETURN NULL;
END $$

CREATE FUNCTION func_dhcp@_options_adel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM createoptionauditdhcp@('delete', OLD.scope_id, OLD.option_id, OLD.dhcp@_subnet_id, OLD.host_id,
6   OLD.shared_network_name, OLD.pool_id, OLD.pd_pool_id, now());
4   OLD.shared_network_name, OLD.pool_id, now());
  RETURN NULL;
END $$

CREATE TRIGGER dhcp@_options_ains AFTER INSERT ON dhcp@_options FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_options_ains()

CREATE TRIGGER dhcp@_options_aupd AFTER UPDATE ON dhcp@_options FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_options_aupd()

CREATE TRIGGER dhcp@_options_adel AFTER DELETE ON dhcp@_options FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_options_adel()

-- Kea has these triggers by these names. A trigger after the fact cannot change a row, so they have no effect; who
-- writes a row writes its modification_ts.

CREATE FUNCTION modification_ts_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN NULL;
END $$

DO $do$
DECLARE
  kind TEXT;
BEGIN
  FOREACH kind IN ARRAY ARRAY['audit', 'audit_revision', 'global_parameter', 'global_parameter_server', 'option_def',
6     'pd_pool',
      'option_def_server', 'options', 'options_server', 'pool', 'server', 'shared_network', 'subnet',
      'subnet_server'] LOOP
    EXECUTE format('CREATE TRIGGER dhcp@_%1$s_modification_ts_update AFTER UPDATE ON dhcp@_%1$s FOR EACH ROW
      EXECUTE PROCEDURE modification_ts_update()', kind);
  END LOOP;
END $do$

-- Client classes: their order of evaluation, and what they build on.

CREATE FUNCTION setclientclass@order(id BIGINT, new_follow_class_name VARCHAR, old_follow_class_name VARCHAR)
  RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  behind BIGINT;
  known BOOLEAN := (SELECT o.depend_on_known_indirectly FROM dhcp@_client_class_order AS o WHERE o.class_id = id);
BEGIN
  PERFORM set_session_value('kea.depend_on_known_indirectly', known);
  IF known IS NOT NULL AND new_follow_class_name IS NOT DISTINCT FROM old_follow_class_name THEN
    -- It stays where it is; its dependencies are about to be written anew.
    UPDATE dhcp@_client_class_order SET depend_on_known_indirectly = false WHERE class_id = id;
    RETURN;
  END IF;
  IF new_follow_class_name IS NULL THEN
    behind := (SELECT coalesce(max(o.order_index), 0) FROM dhcp@_client_class_order AS o);
  ELSE
    behind := (SELECT o.order_index FROM dhcp@_client_class AS c
      INNER JOIN dhcp@_client_class_order AS o ON o.class_id = c.id WHERE c.name = new_follow_class_name);
    IF behind IS NULL THEN
      RAISE EXCEPTION 'Class % does not exist.', new_follow_class_name USING ERRCODE = 'sql_routine_exception';
    END IF;
    UPDATE dhcp@_client_class_order SET order_index = order_index + 1 WHERE order_index > behind;
  END IF;
  IF EXISTS (SELECT 1 FROM dhcp@_client_class_dependency AS d
      INNER JOIN dhcp@_client_class_order AS o ON o.class_id = d.class_id
      WHERE d.dependency_id = id AND o.order_index <= behind) THEN
    RAISE EXCEPTION 'Class with id % cannot move behind a class that depends on it.', id
      USING ERRCODE = 'sql_routine_exception';
  END IF;
  INSERT INTO dhcp@_client_class_order (class_id, order_index, depend_on_known_indirectly)
    VALUES (id, behind + 1, false)
    ON CONFLICT (class_id) DO UPDATE SET order_index = behind + 1, depend_on_known_indirectly = known;
END $$

CREATE FUNCTION checkdhcpv@clientclassdependency(p_class_id BIGINT, p_dependency_id BIGINT) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  class_index BIGINT := (SELECT o.order_index FROM dhcp@_client_class_order AS o WHERE o.class_id = p_class_id);
  dependency_index BIGINT :=
    (SELECT o.order_index FROM dhcp@_client_class_order AS o WHERE o.class_id = p_dependency_id);
  refusal TEXT;
BEGIN
  refusal := CASE
    WHEN p_class_id IS NULL OR p_dependency_id IS NULL THEN 'A dependency needs the ids of both client classes.'
    WHEN p_class_id = p_dependency_id
      THEN format('Client class with id %s must not depend on itself.', p_class_id)
    WHEN class_index IS NULL THEN format('Client class with id %s does not exist.', p_class_id)
    WHEN dependency_index IS NULL THEN format('Client class with id %s does not exist.', p_dependency_id)
    WHEN dependency_index > class_index
      THEN format('Client class with id %s must not depend on the later class with id %s.', p_class_id, p_dependency_id)
    WHEN EXISTS (SELECT 1 FROM dhcp@_client_class_server AS mine WHERE mine.class_id = p_class_id
        AND NOT EXISTS (SELECT 1 FROM dhcp@_client_class_server AS other WHERE other.class_id = p_dependency_id
          AND other.server_id IN (1, mine.server_id)))
      THEN format('Client class with id %s depends on the class with id %s, which one of its servers does not have.',
        p_class_id, p_dependency_id)
    END;
  IF refusal IS NOT NULL THEN
    RAISE EXCEPTION '%', refusal USING ERRCODE = 'sql_routine_exception';
  END IF;
END $$

CREATE FUNCTION updatedhcpv@clientclassknowndependency(client_class_id BIGINT, dependency_id BIGINT) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM dhcp@_client_class AS c INNER JOIN dhcp@_client_class_order AS o ON o.class_id = c.id
      WHERE c.id = dependency_id AND (c.depend_on_known_directly OR o.depend_on_known_indirectly)) THEN
    UPDATE dhcp@_client_class_order SET depend_on_known_indirectly = true WHERE class_id = client_class_id;
  END IF;
END $$

-- Called when an update of a class and its dependencies is complete; the triggers left in session variables what the
-- class was before.

CREATE FUNCTION checkdhcpv@clientclassknowndependencychange() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  changed BIGINT := get_session_big_int('kea.client_class_id');
  before_known BOOLEAN := get_session_boolean('kea.depend_on_known_directly')
    OR get_session_boolean('kea.depend_on_known_indirectly');
  known BOOLEAN := (SELECT c.depend_on_known_directly OR o.depend_on_known_indirectly FROM dhcp@_client_class AS c
    INNER JOIN dhcp@_client_class_order AS o ON o.class_id = c.id WHERE c.id = changed);
BEGIN
  IF before_known <> known
      AND EXISTS (SELECT 1 FROM dhcp@_client_class_dependency AS d WHERE d.dependency_id = changed) THEN
    RAISE EXCEPTION 'Whether a class depends on KNOWN or UNKNOWN must not change while other classes depend on it.'
      USING ERRCODE = 'sql_routine_exception';
  END IF;
END $$

CREATE FUNCTION func_dhcp@_client_class_ains() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM setclientclass@order(NEW.id, NEW.follow_class_name, NULL);
  PERFORM createauditentrydhcp@('dhcp@_client_class', NEW.id, 'create');
  RETURN NULL;
END $$

CREATE FUNCTION func_dhcp@_client_class_aupd() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_session_value('kea.depend_on_known_directly', OLD.depend_on_known_directly);
  PERFORM set_session_value('kea.client_class_id', NEW.id::bigint);
  PERFORM setclientclass@order(NEW.id, NEW.follow_class_name, OLD.follow_class_name);
  PERFORM createauditentrydhcp@('dhcp@_client_class', NEW.id, 'update');
  RETURN NULL;
END $$

CREATE FUNCTION func_dhcp@_client_class_adel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM createauditentrydhcp@('dhcp@_client_class', OLD.id, 'delete');
  RETURN NULL;
END $$

CREATE FUNCTION func_dhcp@_client_class_check_dependency_bins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM checkdhcpv@clientclassdependency(NEW.class_id, NEW.dependency_id);
  RETURN NEW;
END $$

CREATE FUNCTION func_dhcp@_client_class_dependency_ains() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM updatedhcpv@clientclassknowndependency(NEW.class_id, NEW.dependency_id);
  RETURN NULL;
END $$

CREATE TRIGGER dhcp@_client_class_ains AFTER INSERT ON dhcp@_client_class FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_client_class_ains()

CREATE TRIGGER dhcp@_client_class_aupd AFTER UPDATE ON dhcp@_client_class FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_client_class_aupd()

CREATE TRIGGER dhcp@_client_class_adel AFTER DELETE ON dhcp@_client_class FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_client_class_adel()

CREATE TRIGGER dhcp@_client_class_check_dependency_bins BEFORE INSERT ON dhcp@_client_class_dependency FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_client_class_check_dependency_bins()

CREATE TRIGGER dhcp@_client_class_dependency_ains AFTER INSERT ON dhcp@_client_class_dependency FOR EACH ROW
  EXECUTE PROCEDURE func_dhcp@_client_class_dependency_ains()

-- Queues of free addresses that several servers take from. A pool has a row with the address that was taken last; every
-- free address has a row. Leases in the state 2 (expired-reclaimed) are free.

CREATE FUNCTION inettobytea(inet_address INET) RETURNS BYTEA LANGUAGE plpgsql AS $$
BEGIN
  -- The binary form has four octets before the address.
  RETURN substring(inet_send(inet_address) FROM 5);
END $$

CREATE FUNCTION byteatoinet(bin_address BYTEA) RETURNS INET LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE length(bin_address)
    WHEN 16 THEN regexp_replace(encode(bin_address, 'hex'), '(....)(?!$)', '\1:', 'g')::inet ELSE '::'::inet END;
END $$

-- The prefix of the same length behind this one: 1 is added to the last bit that the length covers.

CREATE FUNCTION incrementv6prefix(prefix BYTEA, prefix_len SMALLINT) RETURNS BYTEA LANGUAGE plpgsql AS $$
DECLARE
  octet INT := (prefix_len - 1) / 8;
  addend INT := 1 << (7 - (prefix_len - 1) % 8);
  following BYTEA := prefix;
BEGIN
  WHILE prefix_len BETWEEN 1 AND 128 AND octet >= 0 AND addend > 0 LOOP
    addend := get_byte(following, octet) + addend;
    following := set_byte(following, octet, addend % 256);
    addend := addend / 256;
    octet := octet - 1;
  END LOOP;
  RETURN following;
END $$

CREATE FUNCTION sflqcreateflqpool4(p_start_address BIGINT, p_end_address BIGINT, p_subnet_id BIGINT,
  p_recreate BOOLEAN) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_start_address = 0 OR p_start_address > p_end_address THEN
    RAISE EXCEPTION 'Invalid range: % - %', '0.0.0.0'::inet + p_start_address, '0.0.0.0'::inet + p_end_address;
  END IF;
  IF NOT (p_recreate AND EXISTS (
      SELECT 1 FROM flq_pool4 WHERE start_address = p_start_address AND end_address = p_end_address)) THEN
    INSERT INTO flq_pool4 (start_address, end_address, subnet_id)
      VALUES (p_start_address, p_end_address, p_subnet_id);
  END IF;
  DELETE FROM free_lease4 WHERE address BETWEEN p_start_address AND p_end_address;
  INSERT INTO free_lease4 (address)
    SELECT candidate FROM generate_series(p_start_address, p_end_address) AS candidate
      WHERE NOT EXISTS (SELECT 1 FROM lease4 AS l WHERE l.address = candidate AND l.state IS DISTINCT FROM 2);
  UPDATE flq_pool4 SET modification_ts = now() WHERE start_address = p_start_address AND end_address = p_end_address;
END $$

CREATE FUNCTION sflqcreateflqpool6(p_start_address INET, p_end_address INET, p_lease_type SMALLINT,
  p_delegated_len SMALLINT, p_subnet_id BIGINT, p_recreate BOOLEAN) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  candidate BYTEA := inettobytea(p_start_address);
  last BYTEA := inettobytea(p_end_address);
  following BYTEA;
BEGIN
  IF p_start_address = '::'::inet OR p_start_address > p_end_address THEN
    RAISE EXCEPTION 'Invalid range: % - %', host(p_start_address), host(p_end_address);
  ELSIF p_delegated_len NOT BETWEEN 1 AND 128 THEN
    RAISE EXCEPTION 'Invalid p_delegated_len: %', p_delegated_len;
  END IF;
  -- A range whose delegated length has changed is made anew, asked or not.
  IF p_recreate OR EXISTS (SELECT 1 FROM flq_pool6 AS p WHERE p.start_address = p_start_address
      AND p.end_address = p_end_address AND p.delegated_len != p_delegated_len) THEN
    INSERT INTO flq_pool6 (start_address, end_address, lease_type, delegated_len, subnet_id)
      VALUES (p_start_address, p_end_address, p_lease_type, p_delegated_len, p_subnet_id)
      ON CONFLICT (start_address, end_address) DO UPDATE SET lease_type = p_lease_type,
        delegated_len = p_delegated_len, subnet_id = p_subnet_id;
  ELSE
    INSERT INTO flq_pool6 (start_address, end_address, lease_type, delegated_len, subnet_id)
      VALUES (p_start_address, p_end_address, p_lease_type, p_delegated_len, p_subnet_id);
  END IF;
  DELETE FROM free_lease6 WHERE bin_address BETWEEN candidate AND last;
  LOOP
    INSERT INTO free_lease6 (address, bin_address)
      SELECT byteatoinet(candidate), candidate WHERE NOT EXISTS (
        SELECT 1 FROM lease6 AS l WHERE l.address = byteatoinet(candidate) AND l.state IS DISTINCT FROM 2);
    following := incrementv6prefix(candidate, p_delegated_len);
    EXIT WHEN following > last OR following <= candidate;
    candidate := following;
  END LOOP;
  UPDATE flq_pool6 SET modification_ts = now() WHERE start_address = p_start_address AND end_address = p_end_address;
END $$

CREATE FUNCTION sflqpickfreelease4(p_start_address BIGINT, p_end_address BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  pool flq_pool4;
  picked BIGINT;
BEGIN
  SELECT * INTO pool FROM flq_pool4 AS p WHERE p.start_address = p_start_address AND p.end_address = p_end_address;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  IF pool.last_returned_address >= p_start_address AND pool.last_returned_address < p_end_address THEN
    SELECT min(f.address) INTO picked FROM free_lease4 AS f
      WHERE f.address > pool.last_returned_address AND f.address <= p_end_address;
  END IF;
  IF picked IS NULL THEN
    SELECT min(f.address) INTO picked FROM free_lease4 AS f WHERE f.address BETWEEN p_start_address AND p_end_address;
  END IF;
  UPDATE flq_pool4 AS p SET last_returned_address = coalesce(picked, 0) WHERE p.id = pool.id;
  RETURN coalesce(picked, 0);
END $$

CREATE FUNCTION sflqpickfreelease6(alloc_start_address INET, alloc_end_address INET) RETURNS INET
LANGUAGE plpgsql AS $$
DECLARE
  pool flq_pool6;
  picked INET;
BEGIN
  SELECT * INTO pool FROM flq_pool6 AS p
    WHERE p.start_address = alloc_start_address AND p.end_address = alloc_end_address;
  IF NOT FOUND THEN
    RETURN '::'::inet;
  END IF;
  IF pool.last_returned_address >= alloc_start_address AND pool.last_returned_address < alloc_end_address THEN
    SELECT f.address INTO picked FROM free_lease6 AS f
      WHERE f.bin_address > inettobytea(pool.last_returned_address) AND f.bin_address <= inettobytea(alloc_end_address)
      ORDER BY f.bin_address LIMIT 1;
  END IF;
  IF picked IS NULL THEN
    SELECT f.address INTO picked FROM free_lease6 AS f
      WHERE f.bin_address BETWEEN inettobytea(alloc_start_address) AND inettobytea(alloc_end_address)
      ORDER BY f.bin_address LIMIT 1;
  END IF;
  UPDATE flq_pool6 AS p SET last_returned_address = coalesce(picked, '::'::inet) WHERE p.id = pool.id;
  RETURN coalesce(picked, '::'::inet);
END $$

CREATE FUNCTION sflqinsertlease4(p_address BIGINT, p_hwaddr BYTEA, p_client_id BYTEA, p_valid_lifetime BIGINT,
  p_expire TIMESTAMPTZ, p_subnet_id BIGINT, p_fqdn_fwd BOOLEAN, p_fqdn_rev BOOLEAN, p_hostname VARCHAR,
  p_state BIGINT, p_user_context TEXT, p_relay_id BYTEA, p_remote_id BYTEA, p_pool_id BIGINT) RETURNS INT
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lease4 (address, hwaddr, client_id, valid_lifetime, expire, subnet_id, fqdn_fwd, fqdn_rev, hostname,
      state, user_context, relay_id, remote_id, pool_id)
    VALUES (p_address, p_hwaddr, p_client_id, p_valid_lifetime, p_expire, p_subnet_id, p_fqdn_fwd, p_fqdn_rev,
      p_hostname, p_state, p_user_context, p_relay_id, p_remote_id, p_pool_id);
  IF p_state = 2 THEN
    INSERT INTO free_lease4 (address) VALUES (p_address) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM free_lease4 WHERE address = p_address;
  END IF;
  RETURN 1;
END $$

CREATE FUNCTION sflqupdatelease4(p_address BIGINT, p_hwaddr BYTEA, p_client_id BYTEA, p_valid_lifetime BIGINT,
  p_expire TIMESTAMPTZ, p_subnet_id BIGINT, p_fqdn_fwd BOOLEAN, p_fqdn_rev BOOLEAN, p_hostname VARCHAR,
  p_state BIGINT, p_user_context TEXT, p_relay_id BYTEA, p_remote_id BYTEA, p_pool_id BIGINT, p_where_address BIGINT,
  p_where_expire TIMESTAMPTZ) RETURNS INT LANGUAGE plpgsql AS $$
DECLARE
  changed INT;
BEGIN
  UPDATE lease4 SET address = p_address, hwaddr = p_hwaddr, client_id = p_client_id,
    valid_lifetime = p_valid_lifetime, expire = p_expire, subnet_id = p_subnet_id, fqdn_fwd = p_fqdn_fwd,
    fqdn_rev = p_fqdn_rev, hostname = p_hostname, state = p_state, user_context = p_user_context,
    relay_id = p_relay_id, remote_id = p_remote_id, pool_id = p_pool_id
    WHERE address = p_where_address AND expire = p_where_expire;
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed > 0 AND p_state = 2 THEN
    INSERT INTO free_lease4 (address) VALUES (p_address) ON CONFLICT DO NOTHING;
  ELSIF changed > 0 THEN
    DELETE FROM free_lease4 WHERE address = p_address;
  END IF;
  RETURN changed;
END $$

CREATE FUNCTION sflqdeletelease4(p_address BIGINT, p_expire TIMESTAMPTZ) RETURNS INT LANGUAGE plpgsql AS $$
DECLARE
  gone INT;
BEGIN
  DELETE FROM lease4 WHERE address = p_address AND expire = p_expire;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN
    INSERT INTO free_lease4 (address) VALUES (p_address) ON CONFLICT DO NOTHING;
  END IF;
  RETURN gone;
END $$

CREATE FUNCTION sflqinsertlease6(p_address INET, p_duid BYTEA, p_valid_lifetime BIGINT, p_expire TIMESTAMPTZ,
  p_subnet_id BIGINT, p_pref_lifetime BIGINT, p_lease_type SMALLINT, p_iaid INT, p_prefix_len SMALLINT,
  p_fqdn_fwd BOOLEAN, p_fqdn_rev BOOLEAN, p_hostname VARCHAR, p_hwaddr BYTEA, p_hwtype SMALLINT,
  p_hwaddr_source SMALLINT, p_state BIGINT, p_user_context TEXT, p_pool_id BIGINT) RETURNS INT LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lease6 (address, duid, valid_lifetime, expire, subnet_id, pref_lifetime, lease_type, iaid, prefix_len,
      fqdn_fwd, fqdn_rev, hostname, hwaddr, hwtype, hwaddr_source, state, user_context, pool_id)
    VALUES (p_address, p_duid, p_valid_lifetime, p_expire, p_subnet_id, p_pref_lifetime, p_lease_type, p_iaid,
      p_prefix_len, p_fqdn_fwd, p_fqdn_rev, p_hostname, p_hwaddr, p_hwtype, p_hwaddr_source, p_state, p_user_context,
      p_pool_id);
  IF p_state = 2 THEN
    INSERT INTO free_lease6 (address, bin_address) VALUES (p_address, inettobytea(p_address)) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM free_lease6 WHERE address = p_address;
  END IF;
  RETURN 1;
END $$

CREATE FUNCTION sflqupdatelease6(p_address INET, p_duid BYTEA, p_valid_lifetime BIGINT, p_expire TIMESTAMPTZ,
  p_subnet_id BIGINT, p_pref_lifetime BIGINT, p_lease_type SMALLINT, p_iaid INT, p_prefix_len SMALLINT,
  p_fqdn_fwd BOOLEAN, p_fqdn_rev BOOLEAN, p_hostname VARCHAR, p_hwaddr BYTEA, p_hwtype SMALLINT,
  p_hwaddr_source SMALLINT, p_state BIGINT, p_user_context TEXT, p_pool_id BIGINT, p_where_address INET,
  p_where_expire TIMESTAMPTZ) RETURNS INT LANGUAGE plpgsql AS $$
DECLARE
  changed INT;
BEGIN
  UPDATE lease6 SET address = p_address, duid = p_duid, valid_lifetime = p_valid_lifetime, expire = p_expire,
    subnet_id = p_subnet_id, pref_lifetime = p_pref_lifetime, lease_type = p_lease_type, iaid = p_iaid,
    prefix_len = p_prefix_len, fqdn_fwd = p_fqdn_fwd, fqdn_rev = p_fqdn_rev, hostname = p_hostname,
    hwaddr = p_hwaddr, hwtype = p_hwtype, hwaddr_source = p_hwaddr_source, state = p_state,
    user_context = p_user_context, pool_id = p_pool_id
    WHERE address = p_where_address AND expire = p_where_expire;
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed > 0 AND p_state = 2 THEN
    INSERT INTO free_lease6 (address, bin_address) VALUES (p_address, inettobytea(p_address)) ON CONFLICT DO NOTHING;
  ELSIF changed > 0 THEN
    DELETE FROM free_lease6 WHERE address = p_address;
  END IF;
  RETURN changed;
END $$

CREATE FUNCTION sflqdeletelease6(p_address INET, p_expire TIMESTAMPTZ) RETURNS INT LANGUAGE plpgsql AS $$
DECLARE
  gone INT;
BEGIN
  DELETE FROM lease6 WHERE address = p_address AND expire = p_expire;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN
    INSERT INTO free_lease6 (address, bin_address) VALUES (p_address, inettobytea(p_address)) ON CONFLICT DO NOTHING;
  END IF;
  RETURN gone;
END $$
