-- From one version to the next. A line `== N` begins what leads to version N.0; `= TABLE` stands for the statement
-- that makes that table in tables.sql. MySQL has no transactions for such statements, so a step that was cut short is
-- run again: a statement that finds its work done is passed over, data is changed by statements that may repeat, and
-- what begins with `? TABLE.COLUMN TYPE` runs only while that column has that type. Routines and triggers are made anew
-- with the last step.

== 15

ALTER TABLE dhcp@_options ADD COLUMN cancelled BOOLEAN NOT NULL DEFAULT 0

4 ALTER TABLE dhcp4_shared_network ADD COLUMN offer_lifetime INT

4 ALTER TABLE dhcp4_subnet ADD COLUMN offer_lifetime INT

4 ALTER TABLE dhcp4_client_class ADD COLUMN offer_lifetime INT

== 16

4 ALTER TABLE lease4 ADD COLUMN relay_id VARBINARY(128), ADD COLUMN remote_id VARBINARY(128),
  ADD KEY lease4_by_relay_id (relay_id), ADD KEY lease4_by_remote_id (remote_id)

== 17

4 ALTER TABLE dhcp4_subnet ADD COLUMN allocator TEXT

4 ALTER TABLE dhcp4_shared_network ADD COLUMN allocator TEXT

6 ALTER TABLE dhcp6_subnet ADD COLUMN allocator TEXT, ADD COLUMN pd_allocator TEXT

6 ALTER TABLE dhcp6_shared_network ADD COLUMN allocator TEXT, ADD COLUMN pd_allocator TEXT

== 18

ALTER TABLE hosts MODIFY dhcp_identifier VARBINARY(255) NOT NULL

4 ALTER TABLE lease4 MODIFY client_id VARBINARY(255), MODIFY relay_id VARBINARY(255), MODIFY remote_id VARBINARY(255)

4 ALTER TABLE lease4 ADD COLUMN pool_id INT UNSIGNED NOT NULL DEFAULT 0

6 ALTER TABLE lease6 MODIFY duid VARBINARY(130)

6 ALTER TABLE lease6 ADD COLUMN pool_id INT UNSIGNED NOT NULL DEFAULT 0

-- A DUID has at least three octets; one of zeros stands for none.

6 UPDATE lease6 SET duid = 0x000000 WHERE duid = 0x00

= lease@_pool_stat

4 REPLACE INTO lease4_pool_stat (subnet_id, pool_id, state, leases)
  SELECT subnet_id, pool_id, state, COUNT(*) FROM lease4 WHERE state IN (0, 1) GROUP BY subnet_id, pool_id, state

6 REPLACE INTO lease6_pool_stat (subnet_id, pool_id, lease_type, state, leases)
  SELECT subnet_id, pool_id, lease_type, state, COUNT(*) FROM lease6 WHERE state IN (0, 1)
  GROUP BY subnet_id, pool_id, lease_type, state

6 ALTER TABLE lease6 ADD COLUMN binaddr BINARY(16), ADD KEY lease6_by_binaddr (binaddr)

CREATE TABLE lease6_relay_id (
  extended_info_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  relay_id VARBINARY(130) NOT NULL,
  lease_addr BINARY(16) NOT NULL,
  PRIMARY KEY (extended_info_id),
  KEY key_lease6_relay_id_by_id (relay_id, lease_addr),
  KEY key_lease6_relay_id_by_address (lease_addr)
) ENGINE = InnoDB

CREATE TABLE lease6_remote_id (
  extended_info_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  remote_id VARBINARY(255) NOT NULL,
  lease_addr BINARY(16) NOT NULL,
  PRIMARY KEY (extended_info_id),
  KEY key_lease6_remote_id_by_id (remote_id, lease_addr),
  KEY key_lease6_remote_id_by_address (lease_addr)
) ENGINE = InnoDB

== 19

-- Addresses of IPv6 become binary, lease by lease in a second column that then takes the place of the first.

ALTER TABLE lease6 DROP KEY lease6_by_binaddr

? lease6.address varchar
UPDATE lease6 SET binaddr = INET6_ATON(address) WHERE binaddr IS NULL

? lease6.address varchar
ALTER TABLE lease6 DROP PRIMARY KEY, DROP COLUMN address, CHANGE binaddr address BINARY(16) NOT NULL FIRST,
  ADD PRIMARY KEY (address)

? ipv6_reservations.address varchar
ALTER TABLE ipv6_reservations ADD COLUMN binaddr BINARY(16) AFTER address

? ipv6_reservations.address varchar
UPDATE ipv6_reservations SET binaddr = INET6_ATON(address) WHERE binaddr IS NULL

? ipv6_reservations.address varchar
ALTER TABLE ipv6_reservations DROP KEY key_dhcp6_address_prefix_len, DROP COLUMN address,
  CHANGE binaddr address BINARY(16) NOT NULL AFTER reservation_id,
  ADD KEY key_dhcp6_address_prefix_len (address, prefix_len)

== 20

UPDATE dhcp@_global_parameter SET name = 'ddns-conflict-resolution-mode', parameter_type = 4,
  value = IF(value = '0', 'no-check-with-dhcid', 'check-with-dhcid')
  WHERE name = 'ddns-use-conflict-resolution' AND value IN ('0', '1')

DELETE FROM lease6_relay_id WHERE lease_addr NOT IN (SELECT address FROM lease6)

DELETE FROM lease6_remote_id WHERE lease_addr NOT IN (SELECT address FROM lease6)

ALTER TABLE lease6_relay_id ADD CONSTRAINT fk_lease6_relay_id_addr FOREIGN KEY (lease_addr)
  REFERENCES lease6 (address) ON DELETE CASCADE

ALTER TABLE lease6_remote_id ADD CONSTRAINT fk_lease6_remote_id_addr FOREIGN KEY (lease_addr)
  REFERENCES lease6 (address) ON DELETE CASCADE

== 21

ALTER TABLE lease6 ADD KEY lease6_by_subnet_id_address (subnet_id, address)

== 22

ALTER TABLE lease@ MODIFY expire TIMESTAMP NULL DEFAULT NULL

-- Parameters that servers no longer know.

DELETE FROM dhcp@_global_parameter WHERE name IN ('dhcp-ddns.override-no-update', 'dhcp-ddns.override-client-update',
  'dhcp-ddns.replace-client-name', 'dhcp-ddns.generated-prefix', 'dhcp-ddns.qualifying-suffix',
  'dhcp-ddns.hostname-char-set', 'dhcp-ddns.hostname-char-replacement')

UPDATE dhcp@_global_parameter SET name = 'reservations-global', value = '1', parameter_type = 2
  WHERE name = 'reservation-mode' AND value = 'global'

UPDATE dhcp@_global_parameter SET name = 'reservations-in-subnet', value = IF(value = 'all', '1', '0'),
  parameter_type = 2 WHERE name = 'reservation-mode' AND value IN ('all', 'disabled', 'off')

UPDATE dhcp@_global_parameter SET name = 'reservations-out-of-pool', value = '1', parameter_type = 2
  WHERE name = 'reservation-mode' AND value = 'out-of-pool'

== 23

INSERT IGNORE INTO lease_state (state, name) VALUES (3, 'released')

== 24

DELETE FROM dhcp@_global_parameter WHERE name IN ('control-socket.socket-name', 'control-socket.socket-type')

= option_def_data_type

-- Before, definitions of records had the type of their number then.

UPDATE dhcp@_option_def SET type = 254 WHERE record_types IS NOT NULL

INSERT IGNORE INTO option_def_data_type (id, name) VALUES (0, 'empty'), (1, 'binary'), (2, 'boolean'), (3, 'int8'),
  (4, 'int16'), (5, 'int32'), (6, 'uint8'), (7, 'uint16'), (8, 'uint32'), (10, 'ipv4-address'), (11, 'ipv6-address'),
  (12, 'ipv6-prefix'), (13, 'psid'), (14, 'string'), (15, 'tuple'), (16, 'fqdn'), (17, 'internal'), (254, 'record')

ALTER TABLE dhcp@_option_def ADD CONSTRAINT fk_option_def_data_type@ FOREIGN KEY (type)
  REFERENCES option_def_data_type (id)

== 25

ALTER TABLE ipv6_reservations ADD COLUMN excluded_prefix BINARY(16),
  ADD COLUMN excluded_prefix_len TINYINT UNSIGNED NOT NULL DEFAULT 0

== 26

ALTER TABLE dhcp@_options ADD COLUMN client_classes LONGTEXT

-- Some releases wrote this name with a stray quotation mark.

UPDATE option_def_data_type SET name = 'int8' WHERE id = 3

ALTER TABLE dhcp@_shared_network CHANGE require_client_classes evaluate_additional_classes LONGTEXT

ALTER TABLE dhcp@_subnet CHANGE require_client_classes evaluate_additional_classes LONGTEXT

ALTER TABLE dhcp@_pool CHANGE require_client_classes evaluate_additional_classes LONGTEXT

6 ALTER TABLE dhcp6_pd_pool CHANGE require_client_classes evaluate_additional_classes LONGTEXT

ALTER TABLE dhcp@_client_class CHANGE only_if_required only_in_additional_list TINYINT NOT NULL DEFAULT 0

== 27

-- One class becomes a list of classes; a text that is a list already stays.

ALTER TABLE dhcp@_shared_network CHANGE client_class client_classes LONGTEXT

ALTER TABLE dhcp@_subnet CHANGE client_class client_classes LONGTEXT

ALTER TABLE dhcp@_pool CHANGE client_class client_classes LONGTEXT

6 ALTER TABLE dhcp6_pd_pool CHANGE client_class client_classes LONGTEXT

UPDATE dhcp@_shared_network SET modification_ts = modification_ts,
  client_classes = IF(client_classes = '', NULL, CONCAT('[ ', JSON_QUOTE(client_classes), ' ]'))
  WHERE client_classes NOT LIKE '[%'

UPDATE dhcp@_subnet SET modification_ts = modification_ts,
  client_classes = IF(client_classes = '', NULL, CONCAT('[ ', JSON_QUOTE(client_classes), ' ]'))
  WHERE client_classes NOT LIKE '[%'

UPDATE dhcp@_pool SET modification_ts = modification_ts,
  client_classes = IF(client_classes = '', NULL, CONCAT('[ ', JSON_QUOTE(client_classes), ' ]'))
  WHERE client_classes NOT LIKE '[%'

6 UPDATE dhcp6_pd_pool SET modification_ts = modification_ts,
  client_classes = IF(client_classes = '', NULL, CONCAT('[ ', JSON_QUOTE(client_classes), ' ]'))
  WHERE client_classes NOT LIKE '[%'

== 28

ALTER TABLE dhcp@_shared_network ADD COLUMN ddns_ttl_percent FLOAT, ADD COLUMN ddns_ttl INT,
  ADD COLUMN ddns_ttl_min INT, ADD COLUMN ddns_ttl_max INT

ALTER TABLE dhcp@_subnet ADD COLUMN ddns_ttl_percent FLOAT, ADD COLUMN ddns_ttl INT,
  ADD COLUMN ddns_ttl_min INT, ADD COLUMN ddns_ttl_max INT

== 29

INSERT IGNORE INTO lease_state (state, name) VALUES (4, 'registered')

== 30

-- Routines alone.

== 31

UPDATE dhcp@_options SET modification_ts = modification_ts, client_classes = '[  ]' WHERE client_classes IS NULL

ALTER TABLE dhcp@_options MODIFY client_classes LONGTEXT NOT NULL

== 32

ALTER TABLE lease6 ADD KEY lease6_by_hwaddr (hwaddr)

== 33

ALTER TABLE lease@ ADD KEY lease@_by_state (state, subnet_id)

== 34

= flq_pool@

= free_lease@

== 35

-- Temporary addresses (IA_TA), which no server ever leased.

UPDATE lease6 SET lease_type = 0 WHERE lease_type = 1

UPDATE flq_pool6 SET lease_type = 0 WHERE lease_type = 1

DELETE FROM lease6_stat_by_client_class WHERE lease_type = 1

DELETE FROM lease6_pool_stat WHERE lease_type = 1

DELETE FROM lease6_stat WHERE lease_type = 1

DELETE FROM lease6_types WHERE lease_type = 1

ALTER TABLE flq_pool6 ADD CONSTRAINT fk_flq_pool6_lease6_type FOREIGN KEY (lease_type)
  REFERENCES lease6_types (lease_type)
