-- Lease counters. Each table of counters has one procedure per event of the lease table; a change counts as the old
-- lease going and the new one coming. Counted are the states 0 (default) and 1 (declined), per subnet in DHCPv6 also 4
-- (registered).

CREATE PROCEDURE lease@_AINS_lease@_stat(
4 IN new_state TINYINT, IN new_subnet_id INT UNSIGNED)
6 IN new_state TINYINT, IN new_subnet_id INT UNSIGNED, IN new_lease_type TINYINT)
BEGIN
4 IF new_state IN (0, 1) THEN
4   INSERT INTO lease4_stat (subnet_id, state, leases) VALUES (new_subnet_id, new_state, 1)
6 IF new_state IN (0, 1, 4) THEN
6   INSERT INTO lease6_stat (subnet_id, lease_type, state, leases)
6     VALUES (new_subnet_id, new_lease_type, new_state, 1)
      ON DUPLICATE KEY UPDATE leases = leases + 1;
  END IF;
END

CREATE PROCEDURE lease@_ADEL_lease@_stat(
4 IN old_state TINYINT, IN old_subnet_id INT UNSIGNED)
6 IN old_state TINYINT, IN old_subnet_id INT UNSIGNED, IN old_lease_type TINYINT)
BEGIN
4 IF old_state IN (0, 1) THEN
6 IF old_state IN (0, 1, 4) THEN
    UPDATE lease@_stat SET leases = leases - 1
6     WHERE lease_type = old_lease_type AND subnet_id = old_subnet_id AND state = old_state AND leases > 0;
4     WHERE subnet_id = old_subnet_id AND state = old_state AND leases > 0;
  END IF;
END

CREATE PROCEDURE lease@_AUPD_lease@_stat(
4 IN old_state TINYINT, IN old_subnet_id INT UNSIGNED, IN new_state TINYINT, IN new_subnet_id INT UNSIGNED)
6 IN old_state TINYINT, IN old_subnet_id INT UNSIGNED, IN old_lease_type TINYINT,
6 IN new_state TINYINT, IN new_subnet_id INT UNSIGNED, IN new_lease_type TINYINT)
BEGIN
4 IF old_subnet_id != new_subnet_id OR old_state != new_state THEN
4   CALL lease4_ADEL_lease4_stat(old_state, old_subnet_id);
4   CALL lease4_AINS_lease4_stat(new_state, new_subnet_id);
6 IF old_subnet_id != new_subnet_id OR old_lease_type != new_lease_type OR old_state != new_state THEN
6   CALL lease6_ADEL_lease6_stat(old_state, old_subnet_id, old_lease_type);
6   CALL lease6_AINS_lease6_stat(new_state, new_subnet_id, new_lease_type);
  END IF;
END

CREATE PROCEDURE lease@_AINS_lease@_pool_stat(
4 IN new_state TINYINT, IN new_subnet_id INT UNSIGNED, IN new_pool_id INT UNSIGNED)
6 IN new_state TINYINT, IN new_subnet_id INT UNSIGNED, IN new_pool_id INT UNSIGNED, IN new_lease_type TINYINT)
BEGIN
  IF new_state IN (0, 1) THEN
4   INSERT INTO lease4_pool_stat (subnet_id, pool_id, state, leases)
4     VALUES (new_subnet_id, new_pool_id, new_state, 1)
6   INSERT INTO lease6_pool_stat (subnet_id, pool_id, lease_type, state, leases)
6     VALUES (new_subnet_id, new_pool_id, new_lease_type, new_state, 1)
      ON DUPLICATE KEY UPDATE leases = leases + 1;
  END IF;
END

CREATE PROCEDURE lease@_ADEL_lease@_pool_stat(
4 IN old_state TINYINT, IN old_subnet_id INT UNSIGNED, IN old_pool_id INT UNSIGNED)
6 IN old_state TINYINT, IN old_subnet_id INT UNSIGNED, IN old_pool_id INT UNSIGNED, IN old_lease_type TINYINT)
BEGIN
  IF old_state IN (0, 1) THEN
    UPDATE lease@_pool_stat SET leases = leases - 1
      WHERE subnet_id = old_subnet_id AND pool_id = old_pool_id AND state = old_state
6       AND lease_type = old_lease_type
        AND leases > 0;
  END IF;
END

CREATE PROCEDURE lease@_AUPD_lease@_pool_stat(
4 IN old_state TINYINT, IN old_subnet_id INT UNSIGNED, IN old_pool_id INT UNSIGNED,
4 IN new_state TINYINT, IN new_subnet_id INT UNSIGNED, IN new_pool_id INT UNSIGNED)
6 IN old_state TINYINT, IN old_subnet_id INT UNSIGNED, IN old_pool_id INT UNSIGNED, IN old_lease_type TINYINT,
6 IN new_state TINYINT, IN new_subnet_id INT UNSIGNED, IN new_pool_id INT UNSIGNED, IN new_lease_type TINYINT)
BEGIN
4 IF old_subnet_id != new_subnet_id OR old_pool_id != new_pool_id OR old_state != new_state THEN
4   CALL lease4_ADEL_lease4_pool_stat(old_state, old_subnet_id, old_pool_id);
4   CALL lease4_AINS_lease4_pool_stat(new_state, new_subnet_id, new_pool_id);
6 IF old_subnet_id != new_subnet_id OR old_pool_id != new_pool_id OR old_lease_type != new_lease_type
6     OR old_state != new_state THEN
6   CALL lease6_ADEL_lease6_pool_stat(old_state, old_subnet_id, old_pool_id, old_lease_type);
6   CALL lease6_AINS_lease6_pool_stat(new_state, new_subnet_id, new_pool_id, new_lease_type);
  END IF;
END

-- The classes of a lease are in its user context, as the limits hook writes them. A context that is no JSON counts none.

CREATE PROCEDURE lease@_AINS_lease@_stat_by_client_class(
4 IN new_state TINYINT, IN new_user_context TEXT)
6 IN new_state TINYINT, IN new_user_context TEXT, IN new_lease_type TINYINT)
BEGIN
  DECLARE classes TEXT;
  DECLARE position INT DEFAULT 0;
  IF new_state = 0 AND JSON_VALID(new_user_context) THEN
    SET classes = JSON_EXTRACT(new_user_context, '$.ISC."client-classes"');
    WHILE position < JSON_LENGTH(classes) DO
4     INSERT INTO lease4_stat_by_client_class (client_class, leases)
4       VALUES (JSON_UNQUOTE(JSON_EXTRACT(classes, CONCAT('$[', position, ']'))), 1)
6     INSERT INTO lease6_stat_by_client_class (client_class, lease_type, leases)
6       VALUES (JSON_UNQUOTE(JSON_EXTRACT(classes, CONCAT('$[', position, ']'))), new_lease_type, 1)
        ON DUPLICATE KEY UPDATE leases = leases + 1;
      SET position = position + 1;
    END WHILE;
  END IF;
END

CREATE PROCEDURE lease@_ADEL_lease@_stat_by_client_class(
4 IN old_state TINYINT, IN old_user_context TEXT)
6 IN old_state TINYINT, IN old_user_context TEXT, IN old_lease_type TINYINT)
BEGIN
  DECLARE classes TEXT;
  DECLARE position INT DEFAULT 0;
  IF old_state = 0 AND JSON_VALID(old_user_context) THEN
    SET classes = JSON_EXTRACT(old_user_context, '$.ISC."client-classes"');
    WHILE position < JSON_LENGTH(classes) DO
      UPDATE lease@_stat_by_client_class SET leases = leases - 1
        WHERE client_class = JSON_UNQUOTE(JSON_EXTRACT(classes, CONCAT('$[', position, ']')))
6         AND lease_type = old_lease_type
          AND leases > 0;
      SET position = position + 1;
    END WHILE;
  END IF;
END

CREATE PROCEDURE lease@_AUPD_lease@_stat_by_client_class(
4 IN old_state TINYINT, IN old_user_context TEXT, IN new_state TINYINT, IN new_user_context TEXT)
6 IN old_state TINYINT, IN old_user_context TEXT, IN old_lease_type TINYINT,
6 IN new_state TINYINT, IN new_user_context TEXT, IN new_lease_type TINYINT)
BEGIN
  DECLARE old_classes, new_classes TEXT;
  IF JSON_VALID(old_user_context) THEN
    SET old_classes = JSON_EXTRACT(old_user_context, '$.ISC."client-classes"');
  END IF;
  IF JSON_VALID(new_user_context) THEN
    SET new_classes = JSON_EXTRACT(new_user_context, '$.ISC."client-classes"');
  END IF;
4 IF old_state != new_state OR NOT old_classes <=> new_classes THEN
4   CALL lease4_ADEL_lease4_stat_by_client_class(old_state, old_user_context);
4   CALL lease4_AINS_lease4_stat_by_client_class(new_state, new_user_context);
6 IF old_state != new_state OR old_lease_type != new_lease_type OR NOT old_classes <=> new_classes THEN
6   CALL lease6_ADEL_lease6_stat_by_client_class(old_state, old_user_context, old_lease_type);
6   CALL lease6_AINS_lease6_stat_by_client_class(new_state, new_user_context, new_lease_type);
  END IF;
END

CREATE TRIGGER lease@_AINS AFTER INSERT ON lease@ FOR EACH ROW
BEGIN
4 CALL lease4_AINS_lease4_stat(NEW.state, NEW.subnet_id);
4 CALL lease4_AINS_lease4_pool_stat(NEW.state, NEW.subnet_id, NEW.pool_id);
4 CALL lease4_AINS_lease4_stat_by_client_class(NEW.state, NEW.user_context);
6 CALL lease6_AINS_lease6_stat(NEW.state, NEW.subnet_id, NEW.lease_type);
6 CALL lease6_AINS_lease6_pool_stat(NEW.state, NEW.subnet_id, NEW.pool_id, NEW.lease_type);
6 CALL lease6_AINS_lease6_stat_by_client_class(NEW.state, NEW.user_context, NEW.lease_type);
END

CREATE TRIGGER lease@_AUPD AFTER UPDATE ON lease@ FOR EACH ROW
BEGIN
4 CALL lease4_AUPD_lease4_stat(OLD.state, OLD.subnet_id, NEW.state, NEW.subnet_id);
4 CALL lease4_AUPD_lease4_pool_stat(OLD.state, OLD.subnet_id, OLD.pool_id, NEW.state, NEW.subnet_id, NEW.pool_id);
4 CALL lease4_AUPD_lease4_stat_by_client_class(OLD.state, OLD.user_context, NEW.state, NEW.user_context);
6 CALL lease6_AUPD_lease6_stat(
6   OLD.state, OLD.subnet_id, OLD.lease_type, NEW.state, NEW.subnet_id, NEW.lease_type);
6 CALL lease6_AUPD_lease6_pool_stat(OLD.state, OLD.subnet_id, OLD.pool_id, OLD.lease_type,
6   NEW.state, NEW.subnet_id, NEW.pool_id, NEW.lease_type);
6 CALL lease6_AUPD_lease6_stat_by_client_class(
6   OLD.state, OLD.user_context, OLD.lease_type, NEW.state, NEW.user_context, NEW.lease_type);
END

CREATE TRIGGER lease@_ADEL AFTER DELETE ON lease@ FOR EACH ROW
BEGIN
4 CALL lease4_ADEL_lease4_stat(OLD.state, OLD.subnet_id);
4 CALL lease4_ADEL_lease4_pool_stat(OLD.state, OLD.subnet_id, OLD.pool_id);
4 CALL lease4_ADEL_lease4_stat_by_client_class(OLD.state, OLD.user_context);
6 CALL lease6_ADEL_lease6_stat(OLD.state, OLD.subnet_id, OLD.lease_type);
6 CALL lease6_ADEL_lease6_pool_stat(OLD.state, OLD.subnet_id, OLD.pool_id, OLD.lease_type);
6 CALL lease6_ADEL_lease6_stat_by_client_class(OLD.state, OLD.user_context, OLD.lease_type);
END

-- Limits of a lease, from the user context that it would have; an empty text when it is within all of them.

CREATE FUNCTION checkLease@Limits(user_context TEXT) RETURNS TEXT READS SQL DATA
BEGIN
  DECLARE classes, class, of_subnet TEXT;
  DECLARE class_name VARCHAR(255);
  DECLARE position, subnet, most, held INT DEFAULT 0;
  SET classes = JSON_EXTRACT(user_context, '$.ISC.limits."client-classes"');
  WHILE position < JSON_LENGTH(classes) DO
    SET class = JSON_EXTRACT(classes, CONCAT('$[', position, ']'));
    SET class_name = JSON_UNQUOTE(JSON_EXTRACT(class, '$.name'));
    SET most = JSON_EXTRACT(class, '$."address-limit"');
    SET held = IFNULL((SELECT s.leases FROM lease@_stat_by_client_class AS s
6     WHERE s.lease_type = 0 AND s.client_class = class_name), 0);
4     WHERE s.client_class = class_name), 0);
    IF most <= held THEN
      RETURN CONCAT('address limit ', most, ' for client class "', class_name, '", current lease count ', held);
    END IF;
6   SET most = JSON_EXTRACT(class, '$."prefix-limit"');
6   SET held = IFNULL((SELECT s.leases FROM lease6_stat_by_client_class AS s
6     WHERE s.lease_type = 2 AND s.client_class = class_name), 0);
6   IF most <= held THEN
6     RETURN CONCAT('prefix limit ', most, ' for client class "', class_name, '", current lease count ', held);
6   END IF;
    SET position = position + 1;
  END WHILE;
  SET of_subnet = JSON_EXTRACT(user_context, '$.ISC.limits.subnet');
  SET subnet = JSON_EXTRACT(of_subnet, '$.id');
  SET most = JSON_EXTRACT(of_subnet, '$."address-limit"');
  SET held = IFNULL((SELECT s.leases FROM lease@_stat AS s
6   WHERE s.lease_type = 0 AND s.subnet_id = subnet AND s.state = 0), 0);
4   WHERE s.subnet_id = subnet AND s.state = 0), 0);
  IF most <= held THEN
    RETURN CONCAT('address limit ', most, ' for subnet ID ', subnet, ', current lease count ', held);
  END IF;
6 SET most = JSON_EXTRACT(of_subnet, '$."prefix-limit"');
6 SET held = IFNULL((SELECT s.leases FROM lease6_stat AS s
6   WHERE s.lease_type = 2 AND s.subnet_id = subnet AND s.state = 0), 0);
6 IF most <= held THEN
6   RETURN CONCAT('prefix limit ', most, ' for subnet ID ', subnet, ', current lease count ', held);
6 END IF;
  RETURN '';
END

-- Leases in and out of the database, in the columns of the lease file.

CREATE FUNCTION colonSeparatedHex(hex VARCHAR(64)) RETURNS VARCHAR(64) DETERMINISTIC
BEGIN
  DECLARE octets VARCHAR(64) DEFAULT LOWER(IF(LENGTH(hex) MOD 2 = 1, CONCAT('0', hex), hex));
  DECLARE position INT DEFAULT LENGTH(octets) - 1;
  WHILE position > 1 DO
    SET octets = INSERT(octets, position, 0, ':');
    SET position = position - 2;
  END WHILE;
  RETURN octets;
END

CREATE PROCEDURE lease@DumpHeader()
BEGIN
4 SELECT CONCAT_WS(',', 'address', 'hwaddr', 'client_id', 'valid_lifetime', 'expire', 'subnet_id', 'fqdn_fwd',
4   'fqdn_rev', 'hostname', 'state', 'user_context', 'pool_id');
6 SELECT CONCAT_WS(',', 'address', 'duid', 'valid_lifetime', 'expire', 'subnet_id', 'pref_lifetime', 'lease_type',
6   'iaid', 'prefix_len', 'fqdn_fwd', 'fqdn_rev', 'hostname', 'hwaddr', 'state', 'user_context', 'hwtype',
6   'hwaddr_source', 'pool_id');
END

CREATE PROCEDURE lease@DumpData()
BEGIN
4 SELECT INET_NTOA(address), IFNULL(colonSeparatedHex(HEX(hwaddr)), ''), IFNULL(colonSeparatedHex(HEX(client_id)), ''),
4   valid_lifetime, UNIX_TIMESTAMP(expire), subnet_id, fqdn_fwd, fqdn_rev, REPLACE(hostname, ',', '&#x2c'), state,
4   REPLACE(IFNULL(user_context, ''), ',', '&#x2c'), pool_id FROM lease4 ORDER BY address;
6 SELECT INET6_NTOA(address), IFNULL(colonSeparatedHex(HEX(duid)), ''), valid_lifetime, UNIX_TIMESTAMP(expire),
6   subnet_id, pref_lifetime, lease_type, iaid, prefix_len, fqdn_fwd, fqdn_rev, REPLACE(hostname, ',', '&#x2c'),
6   IFNULL(colonSeparatedHex(HEX(hwaddr)), ''), state, REPLACE(IFNULL(user_context, ''), ',', '&#x2c'), hwtype,
6   hwaddr_source, pool_id FROM lease6 ORDER BY address;
END

4 CREATE PROCEDURE lease4Upload(IN address VARCHAR(15), IN hwaddr VARCHAR(20), IN client_id VARCHAR(255),
  IN valid_lifetime INT UNSIGNED, IN expire BIGINT UNSIGNED, IN subnet_id INT UNSIGNED, IN fqdn_fwd TINYINT,
  IN fqdn_rev TINYINT, IN hostname VARCHAR(255), IN state INT UNSIGNED, IN user_context TEXT, IN pool_id INT UNSIGNED)
BEGIN
  INSERT INTO lease4 SET lease4.address = INET_ATON(address), lease4.hwaddr = UNHEX(REPLACE(hwaddr, ':', '')),
    lease4.client_id = UNHEX(REPLACE(client_id, ':', '')), lease4.valid_lifetime = valid_lifetime,
    lease4.expire = FROM_UNIXTIME(expire), lease4.subnet_id = subnet_id, lease4.fqdn_fwd = fqdn_fwd,
    lease4.fqdn_rev = fqdn_rev, lease4.hostname = REPLACE(hostname, '&#x2c', ','), lease4.state = state,
    lease4.user_context = REPLACE(user_context, '&#x2c', ','), lease4.pool_id = pool_id;
END

6 CREATE PROCEDURE lease6Upload(IN address VARCHAR(39), IN duid VARCHAR(130), IN valid_lifetime INT UNSIGNED,
  IN expire BIGINT UNSIGNED, IN subnet_id INT UNSIGNED, IN pref_lifetime INT UNSIGNED, IN lease_type TINYINT,
  IN iaid INT UNSIGNED, IN prefix_len TINYINT UNSIGNED, IN fqdn_fwd TINYINT, IN fqdn_rev TINYINT,
  IN hostname VARCHAR(255), IN hwaddr VARCHAR(64), IN state INT UNSIGNED, IN user_context TEXT, IN hwtype SMALLINT,
  IN hwaddr_source INT UNSIGNED, IN pool_id INT UNSIGNED)
BEGIN
  INSERT INTO lease6 SET lease6.address = INET6_ATON(address), lease6.duid = UNHEX(REPLACE(duid, ':', '')),
    lease6.valid_lifetime = valid_lifetime, lease6.expire = FROM_UNIXTIME(expire), lease6.subnet_id = subnet_id,
    lease6.pref_lifetime = pref_lifetime, lease6.lease_type = lease_type, lease6.iaid = iaid,
    lease6.prefix_len = prefix_len, lease6.fqdn_fwd = fqdn_fwd, lease6.fqdn_rev = fqdn_rev,
    lease6.hostname = REPLACE(hostname, '&#x2c', ','), lease6.hwaddr = UNHEX(REPLACE(hwaddr, ':', '')),
    lease6.state = state, lease6.user_context = REPLACE(user_context, '&#x2c', ','), lease6.hwtype = hwtype,
    lease6.hwaddr_source = hwaddr_source, lease6.pool_id = pool_id;
END

-- The audit of the configuration backend. Who writes opens a revision first; triggers then note every object that
-- changes. While @cascade_transaction is set, options are noted with the object that is written as a whole, not by
-- themselves. @disable_audit switches all of it off.

CREATE PROCEDURE createAuditRevisionDHCP@(IN audit_ts TIMESTAMP, IN server_tag VARCHAR(256),
  IN audit_log_message TEXT, IN cascade_transaction TINYINT(1))
BEGIN
  IF IFNULL(@disable_audit, 0) = 0 THEN
    INSERT INTO dhcp@_audit_revision (modification_ts, log_message, server_id)
      VALUES (audit_ts, audit_log_message, (SELECT s.id FROM dhcp@_server AS s WHERE s.tag = server_tag));
    SET @audit_revision_id = LAST_INSERT_ID(), @cascade_transaction = cascade_transaction;
  END IF;
END

CREATE PROCEDURE createAuditEntryDHCP@(IN object_type_val VARCHAR(256), IN object_id_val BIGINT UNSIGNED,
  IN modification_type_val VARCHAR(32))
BEGIN
  IF IFNULL(@disable_audit, 0) = 0 THEN
    INSERT INTO dhcp@_audit (object_type, object_id, modification_type, revision_id)
      VALUES (object_type_val, object_id_val,
        (SELECT m.id FROM modification AS m WHERE m.modification_type = modification_type_val), @audit_revision_id);
  END IF;
END

-- An option of a subnet, network or pool touches that subnet or network, whose own trigger notes it.

CREATE PROCEDURE createOptionAuditDHCP@(IN modification_type VARCHAR(32), IN scope_id TINYINT UNSIGNED,
  IN option_id BIGINT UNSIGNED, IN subnet_id INT UNSIGNED, IN host_id INT UNSIGNED, IN network_name VARCHAR(128),
6 IN pool_id BIGINT, IN pd_pool_id BIGINT, IN modification_ts TIMESTAMP)
4 IN pool_id BIGINT, IN modification_ts TIMESTAMP)
BEGIN
  DECLARE touched INT UNSIGNED DEFAULT NULL;
  IF IFNULL(@cascade_transaction, 0) = 0 THEN
    CASE scope_id
      WHEN 0 THEN CALL createAuditEntryDHCP@('dhcp@_options', option_id, modification_type);
      WHEN 1 THEN SET touched = subnet_id;
      WHEN 4 THEN
        UPDATE dhcp@_shared_network AS n SET n.modification_ts = modification_ts WHERE n.name = network_name;
      WHEN 5 THEN SET touched = (SELECT p.subnet_id FROM dhcp@_pool AS p WHERE p.id = pool_id);
6     WHEN 6 THEN SET touched = (SELECT p.subnet_id FROM dhcp6_pd_pool AS p WHERE p.id = pd_pool_id);
      ELSE BEGIN END;
    END CASE;
    IF touched IS NOT NULL THEN
      UPDATE dhcp@_subnet AS s SET s.modification_ts = modification_ts WHERE s.subnet_id = touched;
    END IF;
  END IF;
END

CREATE TRIGGER dhcp@_server_AINS AFTER INSERT ON dhcp@_server FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_server', NEW.id, 'create')

CREATE TRIGGER dhcp@_server_AUPD AFTER UPDATE ON dhcp@_server FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_server', NEW.id, 'update')

CREATE TRIGGER dhcp@_server_ADEL AFTER DELETE ON dhcp@_server FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_server', OLD.id, 'delete')

CREATE TRIGGER dhcp@_global_parameter_AINS AFTER INSERT ON dhcp@_global_parameter FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_global_parameter', NEW.id, 'create')

CREATE TRIGGER dhcp@_global_parameter_AUPD AFTER UPDATE ON dhcp@_global_parameter FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_global_parameter', NEW.id, 'update')

CREATE TRIGGER dhcp@_global_parameter_ADEL AFTER DELETE ON dhcp@_global_parameter FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_global_parameter', OLD.id, 'delete')

CREATE TRIGGER dhcp@_option_def_AINS AFTER INSERT ON dhcp@_option_def FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_option_def', NEW.id, 'create')

CREATE TRIGGER dhcp@_option_def_AUPD AFTER UPDATE ON dhcp@_option_def FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_option_def', NEW.id, 'update')

CREATE TRIGGER dhcp@_option_def_ADEL AFTER DELETE ON dhcp@_option_def FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_option_def', OLD.id, 'delete')

CREATE TRIGGER dhcp@_shared_network_AINS AFTER INSERT ON dhcp@_shared_network FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_shared_network', NEW.id, 'create')

CREATE TRIGGER dhcp@_shared_network_AUPD AFTER UPDATE ON dhcp@_shared_network FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_shared_network', NEW.id, 'update')

CREATE TRIGGER dhcp@_subnet_AINS AFTER INSERT ON dhcp@_subnet FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_subnet', NEW.subnet_id, 'create')

CREATE TRIGGER dhcp@_subnet_AUPD AFTER UPDATE ON dhcp@_subnet FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_subnet', NEW.subnet_id, 'update')

CREATE TRIGGER dhcp@_shared_network_BDEL BEFORE DELETE ON dhcp@_shared_network FOR EACH ROW
BEGIN
  CALL createAuditEntryDHCP@('dhcp@_shared_network', OLD.id, 'delete');
  UPDATE dhcp@_subnet SET shared_network_name = NULL WHERE shared_network_name = OLD.name;
  DELETE FROM dhcp@_options WHERE shared_network_name = OLD.name;
END

CREATE TRIGGER dhcp@_subnet_BDEL BEFORE DELETE ON dhcp@_subnet FOR EACH ROW
BEGIN
  CALL createAuditEntryDHCP@('dhcp@_subnet', OLD.subnet_id, 'delete');
  DELETE FROM dhcp@_pool WHERE subnet_id = OLD.subnet_id;
6 DELETE FROM dhcp6_pd_pool WHERE subnet_id = OLD.subnet_id;
  DELETE FROM dhcp@_options WHERE dhcp@_subnet_id = OLD.subnet_id;
END

CREATE TRIGGER dhcp@_pool_BDEL BEFORE DELETE ON dhcp@_pool FOR EACH ROW
  DELETE FROM dhcp@_options WHERE scope_id = 5 AND pool_id = OLD.id

6 CREATE TRIGGER dhcp6_pd_pool_BDEL BEFORE DELETE ON dhcp6_pd_pool FOR EACH ROW
  DELETE FROM dhcp6_options WHERE scope_id = 6 AND pd_pool_id = OLD.id

CREATE TRIGGER dhcp@_options_AINS AFTER INSERT ON dhcp@_options FOR EACH ROW
  CALL createOptionAuditDHCP@('create', NEW.scope_id, NEW.option_id, NEW.dhcp@_subnet_id, NEW.host_id,
6   NEW.shared_network_name, NEW.pool_id, NEW.pd_pool_id, NEW.modification_ts)
4   NEW.shared_network_name, NEW.pool_id, NEW.modification_ts)

CREATE TRIGGER dhcp@_options_AUPD AFTER UPDATE ON dhcp@_options FOR EACH ROW
  CALL createOptionAuditDHCP@('update', NEW.scope_id, NEW.option_id, NEW.dhcp@_subnet_id, NEW.host_id,
6   NEW.shared_network_name, NEW.pool_id, NEW.pd_pool_id, NEW.modification_ts)
4   NEW.shared_network_name, NEW.pool_id, NEW.modification_ts)

CREATE TRIGGER dhcp@_options_ADEL AFTER DELETE ON dhcp@_options FOR EACH ROW
  CALL createOptionAuditDHCP@('delete', OLD.scope_id, OLD.option_id, OLD.dhcp@_subnet_id, OLD.host_id,
6   OLD.shared_network_name, OLD.pool_id, OLD.pd_pool_id, NOW())
4   OLD.shared_network_name, OLD.pool_id, NOW())

-- Client classes: their order of evaluation, and what they build on.

CREATE PROCEDURE setClientClass@Order(IN id BIGINT UNSIGNED, IN follow_class_name VARCHAR(128),
  IN old_follow_class_name VARCHAR(128))
BEGIN
  DECLARE behind BIGINT UNSIGNED;
  DECLARE refusal TEXT;
  SET @depend_on_known_indirectly =
    (SELECT o.depend_on_known_indirectly FROM dhcp@_client_class_order AS o WHERE o.class_id = id);
  IF @depend_on_known_indirectly IS NOT NULL AND follow_class_name <=> old_follow_class_name THEN
    -- It stays where it is; its dependencies are about to be written anew.
    UPDATE dhcp@_client_class_order AS o SET o.depend_on_known_indirectly = 0 WHERE o.class_id = id;
  ELSE
    IF follow_class_name IS NULL THEN
      SET behind = (SELECT IFNULL(MAX(o.order_index), 0) FROM dhcp@_client_class_order AS o);
    ELSE
      SET behind = (SELECT o.order_index FROM dhcp@_client_class AS c
        INNER JOIN dhcp@_client_class_order AS o ON o.class_id = c.id WHERE c.name = follow_class_name);
      IF behind IS NULL THEN
        SET refusal = CONCAT('Class ', follow_class_name, ' does not exist.');
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = refusal;
      END IF;
      UPDATE dhcp@_client_class_order AS o SET o.order_index = o.order_index + 1 WHERE o.order_index > behind;
    END IF;
    IF EXISTS (SELECT 1 FROM dhcp@_client_class_dependency AS d
        INNER JOIN dhcp@_client_class_order AS o ON o.class_id = d.class_id
        WHERE d.dependency_id = id AND o.order_index <= behind) THEN
      SET refusal = CONCAT('Class with id ', id, ' cannot move behind a class that depends on it.');
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = refusal;
    END IF;
    INSERT INTO dhcp@_client_class_order (class_id, order_index, depend_on_known_indirectly)
      VALUES (id, behind + 1, 0)
      ON DUPLICATE KEY UPDATE order_index = behind + 1, depend_on_known_indirectly = 0;
  END IF;
END

CREATE PROCEDURE checkDHCPv@ClientClassDependency(IN class_id BIGINT UNSIGNED, IN dependency_id BIGINT UNSIGNED)
BEGIN
  DECLARE class_index, dependency_index BIGINT UNSIGNED;
  DECLARE refusal TEXT DEFAULT NULL;
  SET class_index = (SELECT o.order_index FROM dhcp@_client_class_order AS o WHERE o.class_id = class_id);
  SET dependency_index = (SELECT o.order_index FROM dhcp@_client_class_order AS o WHERE o.class_id = dependency_id);
  IF class_id IS NULL OR dependency_id IS NULL THEN
    SET refusal = 'A dependency needs the ids of both client classes.';
  ELSEIF class_id = dependency_id THEN
    SET refusal = CONCAT('Client class with id ', class_id, ' must not depend on itself.');
  ELSEIF class_index IS NULL OR dependency_index IS NULL THEN
    SET refusal = CONCAT('Client class with id ', IF(class_index IS NULL, class_id, dependency_id), ' does not exist.');
  ELSEIF dependency_index > class_index THEN
    SET refusal = CONCAT('Client class with id ', class_id, ' must not depend on the later class with id ',
      dependency_id, '.');
  ELSEIF EXISTS (SELECT 1 FROM dhcp@_client_class_server AS mine WHERE mine.class_id = class_id
      AND NOT EXISTS (SELECT 1 FROM dhcp@_client_class_server AS other WHERE other.class_id = dependency_id
        AND other.server_id IN (1, mine.server_id))) THEN
    SET refusal = CONCAT('Client class with id ', class_id, ' depends on the class with id ', dependency_id,
      ', which one of its servers does not have.');
  END IF;
  IF refusal IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = refusal;
  END IF;
END

CREATE PROCEDURE updateDHCPv@ClientClassKnownDependency(IN client_class_id BIGINT UNSIGNED,
  IN dependency_id BIGINT UNSIGNED)
BEGIN
  IF EXISTS (SELECT 1 FROM dhcp@_client_class AS c INNER JOIN dhcp@_client_class_order AS o ON o.class_id = c.id
      WHERE c.id = dependency_id AND (c.depend_on_known_directly <> 0 OR o.depend_on_known_indirectly <> 0)) THEN
    UPDATE dhcp@_client_class_order AS o SET o.depend_on_known_indirectly = 1 WHERE o.class_id = client_class_id;
  END IF;
END

-- Called when an update of a class and its dependencies is complete; the triggers left in session variables what the
-- class was before.

CREATE PROCEDURE checkDHCPv@ClientClassKnownDependencyChange()
BEGIN
  DECLARE before_known, known BOOLEAN;
  IF EXISTS (SELECT 1 FROM dhcp@_client_class_dependency AS d WHERE d.dependency_id = @client_class_id) THEN
    SET before_known = IFNULL(@depend_on_known_directly, 0) <> 0 OR IFNULL(@depend_on_known_indirectly, 0) <> 0;
    SET known = (SELECT c.depend_on_known_directly <> 0 OR o.depend_on_known_indirectly <> 0
      FROM dhcp@_client_class AS c INNER JOIN dhcp@_client_class_order AS o ON o.class_id = c.id
      WHERE c.id = @client_class_id);
    IF before_known <> known THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT =
        'Whether a class depends on KNOWN or UNKNOWN must not change while other classes depend on it.';
    END IF;
  END IF;
END

CREATE TRIGGER dhcp@_client_class_AINS AFTER INSERT ON dhcp@_client_class FOR EACH ROW
BEGIN
  CALL setClientClass@Order(NEW.id, NEW.follow_class_name, NULL);
  CALL createAuditEntryDHCP@('dhcp@_client_class', NEW.id, 'create');
END

CREATE TRIGGER dhcp@_client_class_AUPD AFTER UPDATE ON dhcp@_client_class FOR EACH ROW
BEGIN
  SET @depend_on_known_directly = OLD.depend_on_known_directly, @client_class_id = NEW.id;
  CALL setClientClass@Order(NEW.id, NEW.follow_class_name, OLD.follow_class_name);
  CALL createAuditEntryDHCP@('dhcp@_client_class', NEW.id, 'update');
END

CREATE TRIGGER dhcp@_client_class_ADEL AFTER DELETE ON dhcp@_client_class FOR EACH ROW
  CALL createAuditEntryDHCP@('dhcp@_client_class', OLD.id, 'delete')

CREATE TRIGGER dhcp@_client_class_check_dependency_BINS BEFORE INSERT ON dhcp@_client_class_dependency FOR EACH ROW
  CALL checkDHCPv@ClientClassDependency(NEW.class_id, NEW.dependency_id)

CREATE TRIGGER dhcp@_client_class_dependency_AINS AFTER INSERT ON dhcp@_client_class_dependency FOR EACH ROW
  CALL updateDHCPv@ClientClassKnownDependency(NEW.class_id, NEW.dependency_id)

-- Queues of free addresses that several servers take from. A pool has a row with the address that was taken last; every
-- free address has a row. Leases in the state 2 (expired-reclaimed) are free.

CREATE PROCEDURE setLoopLimit()
BEGIN
  SET @kea_recursion_limit = IFNULL(@kea_recursion_limit, 1000);
END

CREATE PROCEDURE sflqCreateFlqPool4(IN p_start_address INT UNSIGNED, IN p_end_address INT UNSIGNED,
  IN p_subnet_id INT UNSIGNED, IN p_recreate TINYINT)
BEGIN
  DECLARE block BIGINT UNSIGNED DEFAULT p_start_address;
  DECLARE refusal TEXT;
  IF p_start_address = 0 OR p_start_address > p_end_address THEN
    SET refusal = CONCAT('Invalid range: ', INET_NTOA(p_start_address), ' - ', INET_NTOA(p_end_address));
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = refusal;
  END IF;
  IF NOT (p_recreate = 1 AND EXISTS (
      SELECT 1 FROM flq_pool4 AS p WHERE p.start_address = p_start_address AND p.end_address = p_end_address)) THEN
    INSERT INTO flq_pool4 (start_address, end_address, subnet_id)
      VALUES (p_start_address, p_end_address, p_subnet_id);
  END IF;
  DELETE FROM free_lease4 WHERE address BETWEEN p_start_address AND p_end_address;
  -- A thousand addresses a statement, counted by their digits.
  WHILE block <= p_end_address DO
    INSERT INTO free_lease4 (address)
      SELECT candidate.address FROM (
        SELECT block + ones.digit + 10 * tens.digit + 100 * hundreds.digit AS address FROM
          (SELECT 0 AS digit UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5
            UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) AS ones,
          (SELECT 0 AS digit UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5
            UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) AS tens,
          (SELECT 0 AS digit UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5
            UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) AS hundreds) AS candidate
      WHERE candidate.address <= p_end_address
        AND NOT EXISTS (SELECT 1 FROM lease4 AS l WHERE l.address = candidate.address AND NOT l.state <=> 2);
    SET block = block + 1000;
  END WHILE;
  UPDATE flq_pool4 AS p SET p.modification_ts = NOW()
    WHERE p.start_address = p_start_address AND p.end_address = p_end_address;
END

CREATE FUNCTION sflqPickFreeLease4(alloc_start_address INT UNSIGNED, alloc_end_address INT UNSIGNED)
  RETURNS INT UNSIGNED READS SQL DATA
BEGIN
  DECLARE pool BIGINT;
  DECLARE last, picked INT UNSIGNED;
  SELECT p.id, p.last_returned_address INTO pool, last FROM flq_pool4 AS p
    WHERE p.start_address = alloc_start_address AND p.end_address = alloc_end_address;
  IF last BETWEEN alloc_start_address AND alloc_end_address - 1 THEN
    SET picked = (SELECT MIN(f.address) FROM free_lease4 AS f WHERE f.address > last AND f.address <= alloc_end_address);
  END IF;
  IF pool IS NOT NULL AND picked IS NULL THEN
    SET picked = (SELECT MIN(f.address) FROM free_lease4 AS f
      WHERE f.address BETWEEN alloc_start_address AND alloc_end_address);
  END IF;
  IF picked IS NOT NULL THEN
    UPDATE flq_pool4 AS p SET p.last_returned_address = picked WHERE p.id = pool;
  END IF;
  RETURN IFNULL(picked, 0);
END

CREATE FUNCTION sflqInsertLease4(p_address INT UNSIGNED, p_hwaddr VARBINARY(20), p_client_id VARBINARY(255),
  p_valid_lifetime INT UNSIGNED, p_expire TIMESTAMP, p_subnet_id INT UNSIGNED, p_fqdn_fwd TINYINT(1),
  p_fqdn_rev TINYINT(1), p_hostname VARCHAR(255), p_state INT UNSIGNED, p_user_context TEXT,
  p_relay_id VARBINARY(255), p_remote_id VARBINARY(255), p_pool_id INT UNSIGNED) RETURNS INT READS SQL DATA
BEGIN
  INSERT INTO lease4 (address, hwaddr, client_id, valid_lifetime, expire, subnet_id, fqdn_fwd, fqdn_rev, hostname,
      state, user_context, relay_id, remote_id, pool_id)
    VALUES (p_address, p_hwaddr, p_client_id, p_valid_lifetime, p_expire, p_subnet_id, p_fqdn_fwd, p_fqdn_rev,
      p_hostname, p_state, p_user_context, p_relay_id, p_remote_id, p_pool_id);
  IF p_state = 2 THEN
    INSERT INTO free_lease4 (address) VALUES (p_address) ON DUPLICATE KEY UPDATE address = p_address;
  ELSE
    DELETE FROM free_lease4 WHERE address = p_address;
  END IF;
  RETURN 1;
END

CREATE FUNCTION sflqUpdateLease4(p_address INT UNSIGNED, p_hwaddr VARBINARY(20), p_client_id VARBINARY(255),
  p_valid_lifetime INT UNSIGNED, p_expire TIMESTAMP, p_subnet_id INT UNSIGNED, p_fqdn_fwd TINYINT(1),
  p_fqdn_rev TINYINT(1), p_hostname VARCHAR(255), p_state INT UNSIGNED, p_user_context TEXT,
  p_relay_id VARBINARY(255), p_remote_id VARBINARY(255), p_pool_id INT UNSIGNED, p_where_address INT UNSIGNED,
  p_where_expire TIMESTAMP) RETURNS INT READS SQL DATA
BEGIN
  DECLARE changed INT;
  UPDATE lease4 SET address = p_address, hwaddr = p_hwaddr, client_id = p_client_id,
    valid_lifetime = p_valid_lifetime, expire = p_expire, subnet_id = p_subnet_id, fqdn_fwd = p_fqdn_fwd,
    fqdn_rev = p_fqdn_rev, hostname = p_hostname, state = p_state, user_context = p_user_context,
    relay_id = p_relay_id, remote_id = p_remote_id, pool_id = p_pool_id
    WHERE address = p_where_address AND expire = p_where_expire;
  SET changed = ROW_COUNT();
  IF changed > 0 AND p_state = 2 THEN
    INSERT INTO free_lease4 (address) VALUES (p_address) ON DUPLICATE KEY UPDATE address = p_address;
  ELSEIF changed > 0 THEN
    DELETE FROM free_lease4 WHERE address = p_address;
  END IF;
  RETURN changed;
END

CREATE FUNCTION sflqDeleteLease4(p_address INT UNSIGNED, p_expire TIMESTAMP) RETURNS INT READS SQL DATA
BEGIN
  DECLARE gone INT;
  DELETE FROM lease4 WHERE address = p_address AND expire = p_expire;
  SET gone = ROW_COUNT();
  IF gone > 0 THEN
    INSERT INTO free_lease4 (address) VALUES (p_address) ON DUPLICATE KEY UPDATE address = p_address;
  END IF;
  RETURN gone;
END

-- The prefix of the same length behind this one: 1 is added to the last bit that the length covers.

CREATE FUNCTION incrementV6Prefix(prefix BINARY(16), prefix_len INT UNSIGNED) RETURNS BINARY(16) DETERMINISTIC
BEGIN
  DECLARE octet INT DEFAULT (prefix_len - 1) DIV 8 + 1;
  DECLARE addend INT DEFAULT 1 << (7 - (prefix_len - 1) MOD 8);
  DECLARE sum INT;
  DECLARE following BINARY(16) DEFAULT prefix;
  WHILE prefix_len BETWEEN 1 AND 128 AND octet > 0 AND addend > 0 DO
    SET sum = ASCII(SUBSTRING(following, octet, 1)) + addend;
    SET following = INSERT(following, octet, 1, UNHEX(LPAD(HEX(sum MOD 256), 2, '0')));
    SET addend = sum DIV 256, octet = octet - 1;
  END WHILE;
  RETURN following;
END

CREATE PROCEDURE sflqCreateFlqPool6(IN p_start_address VARCHAR(45), IN p_end_address VARCHAR(45),
  IN p_lease_type TINYINT UNSIGNED, IN p_delegated_len TINYINT UNSIGNED, IN p_subnet_id INT UNSIGNED,
  IN p_recreate TINYINT)
BEGIN
  DECLARE candidate BINARY(16) DEFAULT INET6_ATON(p_start_address);
  DECLARE last BINARY(16) DEFAULT INET6_ATON(p_end_address);
  DECLARE following BINARY(16);
  DECLARE refusal TEXT DEFAULT NULL;
  IF p_start_address = '::' OR candidate > last THEN
    SET refusal = CONCAT('Invalid range: ', p_start_address, ' - ', p_end_address);
  ELSEIF p_delegated_len NOT BETWEEN 1 AND 128 THEN
    SET refusal = CONCAT('Invalid p_delegated_len: ', p_delegated_len);
  END IF;
  IF refusal IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = refusal;
  END IF;
  -- A range whose delegated length has changed is made anew, asked or not.
  IF p_recreate = 1 OR EXISTS (SELECT 1 FROM flq_pool6 AS p WHERE p.start_address = p_start_address
      AND p.end_address = p_end_address AND p.delegated_len != p_delegated_len) THEN
    INSERT INTO flq_pool6 (start_address, end_address, lease_type, delegated_len, subnet_id)
      VALUES (p_start_address, p_end_address, p_lease_type, p_delegated_len, p_subnet_id)
      ON DUPLICATE KEY UPDATE lease_type = p_lease_type, delegated_len = p_delegated_len, subnet_id = p_subnet_id;
  ELSE
    INSERT INTO flq_pool6 (start_address, end_address, lease_type, delegated_len, subnet_id)
      VALUES (p_start_address, p_end_address, p_lease_type, p_delegated_len, p_subnet_id);
  END IF;
  DELETE FROM free_lease6 WHERE bin_address BETWEEN candidate AND last;
  fill: LOOP
    INSERT INTO free_lease6 (address, bin_address)
      SELECT INET6_NTOA(candidate), candidate FROM DUAL
        WHERE NOT EXISTS (SELECT 1 FROM lease6 AS l WHERE l.address = candidate AND NOT l.state <=> 2);
    SET following = incrementV6Prefix(candidate, p_delegated_len);
    IF following > last OR following <= candidate THEN
      LEAVE fill;
    END IF;
    SET candidate = following;
  END LOOP;
  UPDATE flq_pool6 AS p SET p.modification_ts = NOW()
    WHERE p.start_address = p_start_address AND p.end_address = p_end_address;
END

CREATE FUNCTION sflqPickFreeLease6(alloc_start_address VARCHAR(45), alloc_end_address VARCHAR(45))
  RETURNS VARCHAR(45) READS SQL DATA
BEGIN
  DECLARE pool BIGINT;
  DECLARE first BINARY(16) DEFAULT INET6_ATON(alloc_start_address);
  DECLARE final BINARY(16) DEFAULT INET6_ATON(alloc_end_address);
  DECLARE last, picked BINARY(16);
  SELECT p.id, INET6_ATON(p.last_returned_address) INTO pool, last FROM flq_pool6 AS p
    WHERE p.start_address = alloc_start_address AND p.end_address = alloc_end_address;
  IF last >= first AND last < final THEN
    SET picked = (SELECT MIN(f.bin_address) FROM free_lease6 AS f WHERE f.bin_address > last AND f.bin_address <= final);
  END IF;
  IF pool IS NOT NULL AND picked IS NULL THEN
    SET picked = (SELECT MIN(f.bin_address) FROM free_lease6 AS f WHERE f.bin_address BETWEEN first AND final);
  END IF;
  IF picked IS NOT NULL THEN
    UPDATE flq_pool6 AS p SET p.last_returned_address = INET6_NTOA(picked) WHERE p.id = pool;
  END IF;
  RETURN IFNULL(INET6_NTOA(picked), '::');
END

CREATE FUNCTION sflqInsertLease6(p_address BINARY(16), p_duid VARBINARY(128), p_valid_lifetime INT UNSIGNED,
  p_expire TIMESTAMP, p_subnet_id INT UNSIGNED, p_pref_lifetime INT UNSIGNED, p_lease_type TINYINT,
  p_iaid INT UNSIGNED, p_prefix_len TINYINT UNSIGNED, p_fqdn_fwd TINYINT(1), p_fqdn_rev TINYINT(1),
  p_hostname VARCHAR(255), p_hwaddr VARBINARY(20), p_hwtype SMALLINT UNSIGNED, p_hwaddr_source INT UNSIGNED,
  p_state INT UNSIGNED, p_user_context TEXT, p_pool_id INT UNSIGNED) RETURNS INT READS SQL DATA
BEGIN
  INSERT INTO lease6 (address, duid, valid_lifetime, expire, subnet_id, pref_lifetime, lease_type, iaid, prefix_len,
      fqdn_fwd, fqdn_rev, hostname, hwaddr, hwtype, hwaddr_source, state, user_context, pool_id)
    VALUES (p_address, p_duid, p_valid_lifetime, p_expire, p_subnet_id, p_pref_lifetime, p_lease_type, p_iaid,
      p_prefix_len, p_fqdn_fwd, p_fqdn_rev, p_hostname, p_hwaddr, p_hwtype, p_hwaddr_source, p_state, p_user_context,
      p_pool_id);
  IF p_state = 2 THEN
    INSERT INTO free_lease6 (address, bin_address) VALUES (INET6_NTOA(p_address), p_address)
      ON DUPLICATE KEY UPDATE bin_address = p_address;
  ELSE
    DELETE FROM free_lease6 WHERE bin_address = p_address;
  END IF;
  RETURN 1;
END

CREATE FUNCTION sflqUpdateLease6(p_address BINARY(16), p_duid VARBINARY(128), p_valid_lifetime INT UNSIGNED,
  p_expire TIMESTAMP, p_subnet_id INT UNSIGNED, p_pref_lifetime INT UNSIGNED, p_lease_type TINYINT,
  p_iaid INT UNSIGNED, p_prefix_len TINYINT UNSIGNED, p_fqdn_fwd TINYINT(1), p_fqdn_rev TINYINT(1),
  p_hostname VARCHAR(255), p_hwaddr VARBINARY(20), p_hwtype SMALLINT UNSIGNED, p_hwaddr_source INT UNSIGNED,
  p_state INT UNSIGNED, p_user_context TEXT, p_pool_id INT UNSIGNED, p_where_address BINARY(16),
  p_where_expire TIMESTAMP) RETURNS INT READS SQL DATA
BEGIN
  DECLARE changed INT;
  UPDATE lease6 SET address = p_address, duid = p_duid, valid_lifetime = p_valid_lifetime, expire = p_expire,
    subnet_id = p_subnet_id, pref_lifetime = p_pref_lifetime, lease_type = p_lease_type, iaid = p_iaid,
    prefix_len = p_prefix_len, fqdn_fwd = p_fqdn_fwd, fqdn_rev = p_fqdn_rev, hostname = p_hostname,
    hwaddr = p_hwaddr, hwtype = p_hwtype, hwaddr_source = p_hwaddr_source, state = p_state,
    user_context = p_user_context, pool_id = p_pool_id
    WHERE address = p_where_address AND expire = p_where_expire;
  SET changed = ROW_COUNT();
  IF changed > 0 AND p_state = 2 THEN
    INSERT INTO free_lease6 (address, bin_address) VALUES (INET6_NTOA(p_address), p_address)
      ON DUPLICATE KEY UPDATE bin_address = p_address;
  ELSEIF changed > 0 THEN
    DELETE FROM free_lease6 WHERE bin_address = p_address;
  END IF;
  RETURN changed;
END

CREATE FUNCTION sflqDeleteLease6(p_address BINARY(16), p_expire TIMESTAMP) RETURNS INT READS SQL DATA
BEGIN
  DECLARE gone INT;
  DELETE FROM lease6 WHERE address = p_address AND expire = p_expire;
  SET gone = ROW_COUNT();
  IF gone > 0 THEN
    INSERT INTO free_lease6 (address, bin_address) VALUES (INET6_NTOA(p_address), p_address)
      ON DUPLICATE KEY UPDATE bin_address = p_address;
  END IF;
  RETURN gone;
END
