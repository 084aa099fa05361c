-- From one version to the next. A line `== N` begins what leads to version N.0, in one transaction; `= TABLE` stands
-- for the statements that make that table in tables.sql. Routines and triggers are made anew with the last step.

== 14

ALTER TABLE dhcp@_options ADD COLUMN cancelled BOOLEAN NOT NULL DEFAULT false

4 ALTER TABLE dhcp4_shared_network ADD COLUMN offer_lifetime BIGINT

4 ALTER TABLE dhcp4_subnet ADD COLUMN offer_lifetime BIGINT

4 ALTER TABLE dhcp4_client_class ADD COLUMN offer_lifetime BIGINT

== 15

4 ALTER TABLE lease4 ADD COLUMN relay_id BYTEA, ADD COLUMN remote_id BYTEA

4 CREATE INDEX lease4_by_relay_id ON lease4 (relay_id)

4 CREATE INDEX lease4_by_remote_id ON lease4 (remote_id)

== 16

4 ALTER TABLE dhcp4_subnet ADD COLUMN allocator TEXT

4 ALTER TABLE dhcp4_shared_network ADD COLUMN allocator TEXT

6 ALTER TABLE dhcp6_subnet ADD COLUMN allocator TEXT, ADD COLUMN pd_allocator TEXT

6 ALTER TABLE dhcp6_shared_network ADD COLUMN allocator TEXT, ADD COLUMN pd_allocator TEXT

== 17

-- A DUID has at least three octets; one of zeros stands for none.

UPDATE lease6 SET duid = '\x000000' WHERE duid = '\x00'

ALTER TABLE lease@ ADD COLUMN pool_id BIGINT NOT NULL DEFAULT 0

= lease@_pool_stat

4 INSERT INTO lease4_pool_stat (subnet_id, pool_id, state, leases)
  SELECT subnet_id, pool_id, state, count(*) FROM lease4 WHERE state IN (0, 1) GROUP BY subnet_id, pool_id, state

6 INSERT INTO lease6_pool_stat (subnet_id, pool_id, lease_type, state, leases)
  SELECT subnet_id, pool_id, lease_type, state, count(*) FROM lease6 WHERE state IN (0, 1)
  GROUP BY subnet_id, pool_id, lease_type, state

ALTER TABLE lease6 ADD COLUMN binaddr BYTEA

CREATE INDEX lease6_by_binaddr ON lease6 (binaddr)

CREATE TABLE lease6_relay_id (
  extended_info_id SERIAL PRIMARY KEY,
  relay_id BYTEA NOT NULL,
  lease_addr BYTEA NOT NULL
)

CREATE INDEX lease6_relay_id_by_id ON lease6_relay_id (relay_id, lease_addr)

CREATE INDEX lease6_relay_id_by_address ON lease6_relay_id (lease_addr)

CREATE TABLE lease6_remote_id (
  extended_info_id SERIAL PRIMARY KEY,
  remote_id BYTEA NOT NULL,
  lease_addr BYTEA NOT NULL
)

CREATE INDEX lease6_remote_id_by_id ON lease6_remote_id (remote_id, lease_addr)

CREATE INDEX lease6_remote_id_by_address ON lease6_remote_id (lease_addr)

== 18

ALTER TABLE lease6 DROP COLUMN binaddr

ALTER TABLE lease6 ALTER COLUMN address TYPE INET USING address::inet

ALTER TABLE ipv6_reservations ALTER COLUMN address TYPE INET USING address::inet

== 19

UPDATE dhcp@_global_parameter SET name = 'ddns-conflict-resolution-mode', parameter_type = 4,
  value = CASE value WHEN '0' THEN 'no-check-with-dhcid' ELSE 'check-with-dhcid' END
  WHERE name = 'ddns-use-conflict-resolution' AND value IN ('0', '1')

-- Servers write these again with the next message of each lease.

DELETE FROM lease6_relay_id

DELETE FROM lease6_remote_id

ALTER TABLE lease6_relay_id ALTER COLUMN lease_addr TYPE INET USING '::'

ALTER TABLE lease6_remote_id ALTER COLUMN lease_addr TYPE INET USING '::'

ALTER TABLE lease6_relay_id ADD CONSTRAINT fk_lease6_relay_id_addr FOREIGN KEY (lease_addr)
  REFERENCES lease6 (address) ON DELETE CASCADE

ALTER TABLE lease6_remote_id ADD CONSTRAINT fk_lease6_remote_id_addr FOREIGN KEY (lease_addr)
  REFERENCES lease6 (address) ON DELETE CASCADE

== 20

CREATE INDEX lease6_by_subnet_id_address ON lease6 (subnet_id, address)

== 21

-- Older releases made this index on the table of the other family.

DROP INDEX dhcp4_server_modification_ts

CREATE INDEX dhcp4_server_modification_ts ON dhcp4_server (modification_ts)

== 22

-- Parameters that servers no longer know.

DELETE FROM dhcp@_global_parameter WHERE name IN ('dhcp-ddns.override-no-update', 'dhcp-ddns.override-client-update',
  'dhcp-ddns.replace-client-name', 'dhcp-ddns.generated-prefix', 'dhcp-ddns.qualifying-suffix',
  'dhcp-ddns.hostname-char-set', 'dhcp-ddns.hostname-char-replacement')

UPDATE dhcp@_global_parameter SET name = 'reservations-global', value = '1', parameter_type = 2
  WHERE name = 'reservation-mode' AND value = 'global'

UPDATE dhcp@_global_parameter SET name = 'reservations-in-subnet', parameter_type = 2,
  value = CASE value WHEN 'all' THEN '1' ELSE '0' END
  WHERE name = 'reservation-mode' AND value IN ('all', 'disabled', 'off')

UPDATE dhcp@_global_parameter SET name = 'reservations-out-of-pool', value = '1', parameter_type = 2
  WHERE name = 'reservation-mode' AND value = 'out-of-pool'

== 23

INSERT INTO lease_state (state, name) VALUES (3, 'released')

== 24

DELETE FROM dhcp@_global_parameter WHERE name IN ('control-socket.socket-name', 'control-socket.socket-type')

= option_def_data_type

-- Before, definitions of records had the type of their number then.

UPDATE dhcp@_option_def SET type = 254 WHERE record_types IS NOT NULL

INSERT INTO option_def_data_type (id, name) VALUES (0, 'empty'), (1, 'binary'), (2, 'boolean'), (3, 'int8'),
  (4, 'int16'), (5, 'int32'), (6, 'uint8'), (7, 'uint16'), (8, 'uint32'), (10, 'ipv4-address'), (11, 'ipv6-address'),
  (12, 'ipv6-prefix'), (13, 'psid'), (14, 'string'), (15, 'tuple'), (16, 'fqdn'), (17, 'internal'), (254, 'record')
  ON CONFLICT DO NOTHING

ALTER TABLE dhcp@_option_def DROP CONSTRAINT IF EXISTS fk_option_def_data_type@,
  ADD CONSTRAINT fk_option_def_data_type@ FOREIGN KEY (type) REFERENCES option_def_data_type (id)

== 25

ALTER TABLE ipv6_reservations ADD COLUMN excluded_prefix INET,
  ADD COLUMN excluded_prefix_len SMALLINT NOT NULL DEFAULT 0

== 26

ALTER TABLE dhcp@_options ADD COLUMN client_classes TEXT

-- Some releases wrote this name with a stray quotation mark.

UPDATE option_def_data_type SET name = 'int8' WHERE id = 3

ALTER TABLE dhcp@_shared_network RENAME COLUMN require_client_classes TO evaluate_additional_classes

ALTER TABLE dhcp@_subnet RENAME COLUMN require_client_classes TO evaluate_additional_classes

ALTER TABLE dhcp@_pool RENAME COLUMN require_client_classes TO evaluate_additional_classes

6 ALTER TABLE dhcp6_pd_pool RENAME COLUMN require_client_classes TO evaluate_additional_classes

ALTER TABLE dhcp@_client_class RENAME COLUMN only_if_required TO only_in_additional_list

== 27

-- One class becomes a list of classes.

ALTER TABLE dhcp@_shared_network RENAME COLUMN client_class TO client_classes

ALTER TABLE dhcp@_shared_network ALTER COLUMN client_classes TYPE TEXT
  USING '[ ' || to_json(nullif(client_classes, ''))::text || ' ]'

ALTER TABLE dhcp@_subnet RENAME COLUMN client_class TO client_classes

ALTER TABLE dhcp@_subnet ALTER COLUMN client_classes TYPE TEXT
  USING '[ ' || to_json(nullif(client_classes, ''))::text || ' ]'

ALTER TABLE dhcp@_pool RENAME COLUMN client_class TO client_classes

ALTER TABLE dhcp@_pool ALTER COLUMN client_classes TYPE TEXT
  USING '[ ' || to_json(nullif(client_classes, ''))::text || ' ]'

6 ALTER TABLE dhcp6_pd_pool RENAME COLUMN client_class TO client_classes

6 ALTER TABLE dhcp6_pd_pool ALTER COLUMN client_classes TYPE TEXT
  USING '[ ' || to_json(nullif(client_classes, ''))::text || ' ]'

== 28

ALTER TABLE dhcp@_shared_network ADD COLUMN ddns_ttl_percent DOUBLE PRECISION, ADD COLUMN ddns_ttl BIGINT,
  ADD COLUMN ddns_ttl_min BIGINT, ADD COLUMN ddns_ttl_max BIGINT

ALTER TABLE dhcp@_subnet ADD COLUMN ddns_ttl_percent DOUBLE PRECISION, ADD COLUMN ddns_ttl BIGINT,
  ADD COLUMN ddns_ttl_min BIGINT, ADD COLUMN ddns_ttl_max BIGINT

== 29

INSERT INTO lease_state (state, name) VALUES (4, 'registered')

== 30

UPDATE dhcp@_options SET client_classes = '[  ]' WHERE client_classes IS NULL

ALTER TABLE dhcp@_options ALTER COLUMN client_classes SET NOT NULL

6 ALTER TABLE dhcp6_options ADD COLUMN IF NOT EXISTS modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP

== 31

CREATE INDEX lease6_by_hwaddr ON lease6 (hwaddr)

== 32

CREATE INDEX lease@_by_state ON lease@ (state, subnet_id)

== 33

= flq_pool@

= free_lease@

== 34

-- Temporary addresses (IA_TA), which no server ever leased.

UPDATE lease6 SET lease_type = 0 WHERE lease_type = 1

UPDATE flq_pool6 SET lease_type = 0 WHERE lease_type = 1

DELETE FROM lease6_stat_by_client_class WHERE lease_type = 1

DELETE FROM lease6_pool_stat WHERE lease_type = 1

DELETE FROM lease6_stat WHERE lease_type = 1

DELETE FROM lease6_types WHERE lease_type = 1

ALTER TABLE flq_pool6 DROP CONSTRAINT IF EXISTS fk_flq_pool6_lease6_type,
  ADD CONSTRAINT fk_flq_pool6_lease6_type FOREIGN KEY (lease_type) REFERENCES lease6_types (lease_type)
