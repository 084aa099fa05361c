-- Which version the tables have, and what numbers in other columns mean.

CREATE TABLE schema_version (
  version INTEGER NOT NULL,
  minor INTEGER,
  PRIMARY KEY (version)
)

CREATE TABLE modification (
  id SMALLINT NOT NULL,
  modification_type VARCHAR(32) NOT NULL,
  PRIMARY KEY (id)
)

CREATE TABLE parameter_data_type (
  id SMALLINT NOT NULL,
  name VARCHAR(32) NOT NULL,
  PRIMARY KEY (id)
)

CREATE TABLE option_def_data_type (
  id SMALLINT NOT NULL,
  name VARCHAR(32) NOT NULL,
  PRIMARY KEY (id)
)

CREATE TABLE dhcp_option_scope (
  scope_id SMALLINT NOT NULL,
  scope_name VARCHAR(32),
  PRIMARY KEY (scope_id)
)

CREATE TABLE ddns_replace_client_name_types (
  type BIGINT NOT NULL,
  name VARCHAR(32),
  PRIMARY KEY (type)
)

CREATE TABLE host_identifier_type (
  type SMALLINT NOT NULL,
  name VARCHAR(32),
  PRIMARY KEY (type)
)

CREATE TABLE lease_state (
  state BIGINT NOT NULL,
  name VARCHAR(64) NOT NULL,
  PRIMARY KEY (state)
)

CREATE TABLE lease_hwaddr_source (
  hwaddr_source INTEGER NOT NULL,
  name VARCHAR(40),
  PRIMARY KEY (hwaddr_source)
)

CREATE TABLE lease6_types (
  lease_type SMALLINT NOT NULL,
  name VARCHAR(5),
  PRIMARY KEY (lease_type)
)

-- Leases.

CREATE TABLE lease@ (
4 address BIGINT NOT NULL,
4 hwaddr BYTEA,
4 client_id BYTEA,
6 address INET NOT NULL,
6 duid BYTEA,
  valid_lifetime BIGINT,
  expire TIMESTAMPTZ,
  subnet_id BIGINT,
6 pref_lifetime BIGINT,
6 lease_type SMALLINT,
6 iaid INTEGER,
6 prefix_len SMALLINT,
  fqdn_fwd BOOLEAN,
  fqdn_rev BOOLEAN,
  hostname VARCHAR(255),
  state BIGINT DEFAULT 0,
6 hwaddr BYTEA,
6 hwtype SMALLINT,
6 hwaddr_source SMALLINT,
  user_context TEXT,
4 relay_id BYTEA,
4 remote_id BYTEA,
  pool_id BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (address),
6 CONSTRAINT fk_lease@_type FOREIGN KEY (lease_type) REFERENCES lease6_types (lease_type),
  CONSTRAINT fk_lease@_state FOREIGN KEY (state) REFERENCES lease_state (state)
)

4 CREATE INDEX lease@_by_client_id_subnet_id ON lease@ (client_id, subnet_id)

6 CREATE INDEX lease@_by_duid_iaid_subnet_id ON lease@ (duid, iaid, subnet_id)

CREATE INDEX lease@_by_hostname ON lease@ (lower(hostname)) WHERE hostname IS NOT NULL

4 CREATE INDEX lease@_by_hwaddr_subnet_id ON lease@ (hwaddr, subnet_id)

4 CREATE INDEX lease@_by_relay_id ON lease@ (relay_id)

4 CREATE INDEX lease@_by_remote_id ON lease@ (remote_id)

6 CREATE INDEX lease@_by_hwaddr ON lease@ (hwaddr)

CREATE INDEX lease@_by_state ON lease@ (state, subnet_id)

CREATE INDEX lease@_by_state_expire ON lease@ (state, expire)

4 CREATE INDEX lease@_by_subnet_id ON lease@ (subnet_id)

6 CREATE INDEX lease@_by_subnet_id_address ON lease@ (subnet_id, address)

6 CREATE INDEX lease@_by_subnet_id_lease_type ON lease@ (subnet_id, lease_type)

CREATE TABLE lease6_relay_id (
  extended_info_id SERIAL,
  relay_id BYTEA NOT NULL,
  lease_addr INET NOT NULL,
  PRIMARY KEY (extended_info_id),
  CONSTRAINT fk_lease6_relay_id_addr FOREIGN KEY (lease_addr) REFERENCES lease6 (address) ON DELETE CASCADE
)

CREATE INDEX lease6_relay_id_by_address ON lease6_relay_id (lease_addr)

CREATE INDEX lease6_relay_id_by_id ON lease6_relay_id (relay_id, lease_addr)

CREATE TABLE lease6_remote_id (
  extended_info_id SERIAL,
  remote_id BYTEA NOT NULL,
  lease_addr INET NOT NULL,
  PRIMARY KEY (extended_info_id),
  CONSTRAINT fk_lease6_remote_id_addr FOREIGN KEY (lease_addr) REFERENCES lease6 (address) ON DELETE CASCADE
)

CREATE INDEX lease6_remote_id_by_address ON lease6_remote_id (lease_addr)

CREATE INDEX lease6_remote_id_by_id ON lease6_remote_id (remote_id, lease_addr)

-- Counters of leases, kept by triggers.

CREATE TABLE lease@_stat (
  subnet_id BIGINT NOT NULL,
6 lease_type SMALLINT NOT NULL,
  state BIGINT NOT NULL,
  leases BIGINT,
4 PRIMARY KEY (subnet_id, state)
6 PRIMARY KEY (subnet_id, lease_type, state)
)

CREATE TABLE lease@_pool_stat (
  subnet_id BIGINT NOT NULL,
  pool_id BIGINT NOT NULL,
6 lease_type SMALLINT NOT NULL,
  state BIGINT NOT NULL,
  leases BIGINT,
4 PRIMARY KEY (subnet_id, pool_id, state)
6 PRIMARY KEY (subnet_id, pool_id, lease_type, state)
)

CREATE TABLE lease@_stat_by_client_class (
  client_class VARCHAR(128) NOT NULL,
6 lease_type SMALLINT NOT NULL,
  leases BIGINT NOT NULL,
4 PRIMARY KEY (client_class)
6 PRIMARY KEY (client_class, lease_type),
6 CONSTRAINT fk_lease@_stat_by_client_class_lease_type FOREIGN KEY (lease_type) REFERENCES lease6_types (lease_type)
)

-- Queues of free addresses, shared by servers (SFLQ).

CREATE TABLE flq_pool@ (
  id SERIAL,
4 start_address BIGINT NOT NULL,
4 end_address BIGINT NOT NULL,
4 last_returned_address BIGINT NOT NULL DEFAULT 0,
6 start_address INET NOT NULL,
6 end_address INET NOT NULL,
6 lease_type SMALLINT NOT NULL,
6 delegated_len SMALLINT NOT NULL,
6 last_returned_address INET NOT NULL DEFAULT '::',
  subnet_id BIGINT NOT NULL,
  created_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
6 CONSTRAINT fk_flq_pool@_lease@_type FOREIGN KEY (lease_type) REFERENCES lease6_types (lease_type),
  PRIMARY KEY (id)
)

CREATE INDEX flq_pool@_by_subnet_id ON flq_pool@ (subnet_id)

CREATE UNIQUE INDEX flq_pool@_start_end_address ON flq_pool@ (start_address, end_address)

CREATE TABLE free_lease@ (
4 address BIGINT NOT NULL,
6 address INET NOT NULL,
6 bin_address BYTEA NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (address)
)

6 CREATE UNIQUE INDEX free_lease@_bin_address ON free_lease@ (bin_address)

-- Host reservations.

CREATE TABLE hosts (
  host_id SERIAL,
  dhcp_identifier BYTEA NOT NULL,
  dhcp_identifier_type SMALLINT NOT NULL,
  dhcp4_subnet_id BIGINT,
  dhcp6_subnet_id BIGINT,
  ipv4_address BIGINT,
  hostname VARCHAR(255),
  dhcp4_client_classes VARCHAR(255),
  dhcp6_client_classes VARCHAR(255),
  dhcp4_next_server BIGINT,
  dhcp4_server_hostname VARCHAR(64),
  dhcp4_boot_file_name VARCHAR(128),
  user_context TEXT,
  auth_key VARCHAR(32),
  PRIMARY KEY (host_id),
  CONSTRAINT fk_host_identifier_type FOREIGN KEY (dhcp_identifier_type) REFERENCES host_identifier_type (type) ON DELETE CASCADE
)

CREATE INDEX hosts_by_hostname ON hosts (lower(hostname)) WHERE hostname IS NOT NULL

CREATE UNIQUE INDEX key_dhcp4_identifier_subnet_id ON hosts (dhcp_identifier, dhcp_identifier_type, dhcp4_subnet_id) WHERE dhcp4_subnet_id IS NOT NULL

CREATE INDEX key_dhcp4_ipv4_address_subnet_id ON hosts (ipv4_address, dhcp4_subnet_id)

CREATE UNIQUE INDEX key_dhcp6_identifier_subnet_id ON hosts (dhcp_identifier, dhcp_identifier_type, dhcp6_subnet_id) WHERE dhcp6_subnet_id IS NOT NULL

CREATE INDEX key_dhcp_identifier ON hosts (dhcp_identifier, dhcp_identifier_type)

CREATE INDEX fk_host_identifier_type ON hosts (dhcp_identifier_type)

CREATE TABLE ipv6_reservations (
  reservation_id SERIAL,
  address INET NOT NULL,
  prefix_len SMALLINT NOT NULL DEFAULT 128,
  type SMALLINT NOT NULL DEFAULT 0,
  dhcp6_iaid INTEGER,
  host_id INTEGER NOT NULL,
  excluded_prefix INET,
  excluded_prefix_len SMALLINT NOT NULL DEFAULT 0,
  PRIMARY KEY (reservation_id),
  CONSTRAINT fk_ipv6_reservations_host FOREIGN KEY (host_id) REFERENCES hosts (host_id) ON DELETE CASCADE
)

CREATE INDEX fk_ipv6_reservations_host_idx ON ipv6_reservations (host_id)

CREATE INDEX key_dhcp6_address_prefix_len ON ipv6_reservations (address, prefix_len)

-- The configuration backend: servers and the audit.

CREATE TABLE dhcp@_server (
  id SERIAL,
  tag VARCHAR(64) NOT NULL,
  description TEXT,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE (tag)
)

4 CREATE INDEX dhcp@_server_modification_ts ON dhcp@_server (modification_ts)

6 CREATE INDEX dhcp@_server_idx1 ON dhcp@_server (modification_ts)

6 CREATE UNIQUE INDEX dhcp@_server_idx2 ON dhcp@_server (tag)

CREATE TABLE dhcp@_audit_revision (
  id SERIAL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  log_message TEXT,
  server_id BIGINT,
  PRIMARY KEY (id)
)

CREATE TABLE dhcp@_audit (
  id SERIAL,
  object_type VARCHAR(256) NOT NULL,
  object_id BIGINT NOT NULL,
  modification_type SMALLINT NOT NULL,
  revision_id BIGINT NOT NULL,
  UNIQUE (id),
  CONSTRAINT fk_dhcp@_audit_modification_type FOREIGN KEY (modification_type) REFERENCES modification (id),
  CONSTRAINT fk_dhcp@_audit_revision FOREIGN KEY (revision_id) REFERENCES dhcp@_audit_revision (id) ON UPDATE CASCADE
)

CREATE INDEX dhcp@_audit_idx1 ON dhcp@_audit (modification_type)

CREATE INDEX dhcp@_audit_idx2 ON dhcp@_audit (revision_id)

-- The configuration backend: objects, and which servers have them.

CREATE TABLE dhcp@_global_parameter (
  id SERIAL,
  name VARCHAR(128) NOT NULL,
  value TEXT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  parameter_type SMALLINT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT fk_dhcp6_global_parameter_type FOREIGN KEY (parameter_type) REFERENCES parameter_data_type (id)
)

4 CREATE INDEX dhcp@_global_parameter_idx1 ON dhcp@_global_parameter (modification_ts)

4 CREATE INDEX dhcp@_global_parameter_idx2 ON dhcp@_global_parameter (name)

6 CREATE INDEX key_dhcp@_global_parameter_idx1 ON dhcp@_global_parameter (modification_ts)

6 CREATE INDEX key_dhcp@_global_parameter_idx2 ON dhcp@_global_parameter (name)

CREATE TABLE dhcp@_global_parameter_server (
  parameter_id BIGINT NOT NULL,
  server_id BIGINT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (parameter_id, server_id),
  CONSTRAINT fk_dhcp@_global_parameter_server_parameter_id FOREIGN KEY (parameter_id) REFERENCES dhcp@_global_parameter (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_global_parameter_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE
)

4 CREATE INDEX key_dhcp@_global_parameter_idx1 ON dhcp@_global_parameter_server (modification_ts)

6 CREATE INDEX key_dhcp@_global_parameter_server_idx1 ON dhcp@_global_parameter_server (modification_ts)

CREATE INDEX fk_dhcp@_global_parameter_server_server_id ON dhcp@_global_parameter_server (server_id)

CREATE TABLE dhcp@_client_class (
  id SERIAL,
  name VARCHAR(128) NOT NULL,
  test TEXT,
4 next_server INET,
4 server_hostname VARCHAR(128),
4 boot_file_name VARCHAR(512),
  only_in_additional_list BOOLEAN NOT NULL DEFAULT false,
  valid_lifetime BIGINT,
  min_valid_lifetime BIGINT,
  max_valid_lifetime BIGINT,
  depend_on_known_directly BOOLEAN NOT NULL DEFAULT false,
  follow_class_name VARCHAR(128),
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
6 preferred_lifetime BIGINT,
6 min_preferred_lifetime BIGINT,
6 max_preferred_lifetime BIGINT,
  user_context JSON,
4 offer_lifetime BIGINT,
  PRIMARY KEY (id),
  UNIQUE (name)
)

CREATE INDEX key_dhcp@_client_class_modification_ts ON dhcp@_client_class (modification_ts)

CREATE TABLE dhcp@_client_class_order (
  class_id BIGINT NOT NULL,
  order_index BIGINT NOT NULL,
  depend_on_known_indirectly BOOLEAN NOT NULL DEFAULT false,
  PRIMARY KEY (class_id),
  CONSTRAINT fk_dhcp@_client_class_order_class_id FOREIGN KEY (class_id) REFERENCES dhcp@_client_class (id) ON DELETE CASCADE
)

CREATE INDEX key_dhcp@_client_class_order_index ON dhcp@_client_class_order (order_index)

CREATE TABLE dhcp@_client_class_dependency (
  class_id BIGINT NOT NULL,
  dependency_id BIGINT NOT NULL,
  PRIMARY KEY (class_id, dependency_id),
  CONSTRAINT dhcp@_client_class_class_id FOREIGN KEY (class_id) REFERENCES dhcp@_client_class (id) ON DELETE CASCADE,
  CONSTRAINT dhcp@_client_class_dependency_id FOREIGN KEY (dependency_id) REFERENCES dhcp@_client_class (id)
)

CREATE INDEX dhcp@_client_class_dependency_id_idx ON dhcp@_client_class_dependency (dependency_id)

CREATE TABLE dhcp@_client_class_server (
  class_id BIGINT NOT NULL,
  server_id BIGINT NOT NULL,
  modification_ts TIMESTAMPTZ,
  PRIMARY KEY (class_id, server_id),
  CONSTRAINT fk_dhcp@_client_class_class_id FOREIGN KEY (class_id) REFERENCES dhcp@_client_class (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_client_class_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id)
)

CREATE INDEX fk_dhcp@_client_class_server_id ON dhcp@_client_class_server (server_id)

CREATE TABLE dhcp@_option_def (
  id SERIAL,
  code SMALLINT NOT NULL,
  name VARCHAR(128) NOT NULL,
  space VARCHAR(128) NOT NULL,
  type SMALLINT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  is_array BOOLEAN NOT NULL,
  encapsulate VARCHAR(128) NOT NULL,
  record_types VARCHAR,
  user_context JSON,
  class_id BIGINT,
  PRIMARY KEY (id),
  CONSTRAINT fk_dhcp@_option_def_client_class_id FOREIGN KEY (class_id) REFERENCES dhcp@_client_class (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT fk_option_def_data_type@ FOREIGN KEY (type) REFERENCES option_def_data_type (id)
)

CREATE INDEX dhcp@_option_def_idx1 ON dhcp@_option_def (modification_ts)

CREATE INDEX dhcp@_option_def_idx2 ON dhcp@_option_def (code, space)

CREATE INDEX fk_dhcp@_option_def_client_class_id ON dhcp@_option_def (class_id)

CREATE TABLE dhcp@_option_def_server (
  option_def_id BIGINT NOT NULL,
  server_id BIGINT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (option_def_id, server_id),
  CONSTRAINT dhcp@_option_def_server_option_def_id_fkey FOREIGN KEY (option_def_id) REFERENCES dhcp@_option_def (id) ON DELETE CASCADE,
  CONSTRAINT dhcp@_option_def_server_server_id_fkey FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_option_def_server_option_def_id FOREIGN KEY (option_def_id) REFERENCES dhcp@_option_def (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_option_def_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id)
)

CREATE INDEX fk_dhcp@_option_def_server_server_id ON dhcp@_option_def_server (server_id)

CREATE TABLE dhcp@_shared_network (
  id SERIAL,
  name VARCHAR(128) NOT NULL,
  client_classes TEXT,
  interface VARCHAR(128),
4 match_client_id BOOLEAN,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
6 preferred_lifetime BIGINT,
6 rapid_commit BOOLEAN,
  rebind_timer BIGINT,
  relay TEXT,
  renew_timer BIGINT,
  evaluate_additional_classes TEXT,
  user_context JSON,
  valid_lifetime BIGINT,
4 authoritative BOOLEAN,
  calculate_tee_times BOOLEAN,
  t1_percent DOUBLE PRECISION,
  t2_percent DOUBLE PRECISION,
4 boot_file_name VARCHAR(128),
4 next_server INET,
4 server_hostname VARCHAR(64),
6 interface_id BYTEA,
6 min_preferred_lifetime BIGINT,
6 max_preferred_lifetime BIGINT,
  min_valid_lifetime BIGINT,
  max_valid_lifetime BIGINT,
  ddns_send_updates BOOLEAN,
  ddns_override_no_update BOOLEAN,
  ddns_override_client_update BOOLEAN,
  ddns_replace_client_name BIGINT,
  ddns_generated_prefix VARCHAR(255),
  ddns_qualifying_suffix VARCHAR(255),
  reservations_global BOOLEAN,
  reservations_in_subnet BOOLEAN,
  reservations_out_of_pool BOOLEAN,
  cache_threshold DOUBLE PRECISION,
  cache_max_age BIGINT,
4 offer_lifetime BIGINT,
  allocator TEXT,
6 pd_allocator TEXT,
  ddns_ttl_percent DOUBLE PRECISION,
  ddns_ttl BIGINT,
  ddns_ttl_min BIGINT,
  ddns_ttl_max BIGINT,
  PRIMARY KEY (id),
  UNIQUE (name),
  CONSTRAINT fk_ddns_replace_client_name FOREIGN KEY (ddns_replace_client_name) REFERENCES ddns_replace_client_name_types (type)
)

4 CREATE UNIQUE INDEX dhcp@_shared_network_idx1 ON dhcp@_shared_network (name)

4 CREATE INDEX dhcp@_shared_network_idx2 ON dhcp@_shared_network (modification_ts)

6 CREATE INDEX dhcp@_shared_network_idx1 ON dhcp@_shared_network (name)

CREATE TABLE dhcp@_shared_network_server (
  shared_network_id BIGINT NOT NULL,
  server_id BIGINT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (shared_network_id, server_id),
  CONSTRAINT fk_dhcp@_shared_network_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_shared_network_server_shared_network_id FOREIGN KEY (shared_network_id) REFERENCES dhcp@_shared_network (id) ON DELETE CASCADE
)

CREATE INDEX dhcp@_shared_network_server_idx1 ON dhcp@_shared_network_server (modification_ts)

CREATE INDEX dhcp@_shared_network_server_idx2 ON dhcp@_shared_network_server (server_id)

CREATE TABLE dhcp@_subnet (
  subnet_id BIGINT NOT NULL,
  subnet_prefix VARCHAR(64) NOT NULL,
4 interface_4o6 VARCHAR(128),
4 interface_id_4o6 VARCHAR(128),
4 subnet_4o6 VARCHAR(64),
4 boot_file_name VARCHAR(128),
  client_classes TEXT,
  interface VARCHAR(128),
4 match_client_id BOOLEAN,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
4 next_server INET,
6 preferred_lifetime BIGINT,
6 rapid_commit BOOLEAN,
  rebind_timer BIGINT,
  relay TEXT,
  renew_timer BIGINT,
  evaluate_additional_classes TEXT,
4 server_hostname VARCHAR(64),
  shared_network_name VARCHAR(128),
  user_context JSON,
  valid_lifetime BIGINT,
4 authoritative BOOLEAN,
  calculate_tee_times BOOLEAN,
  t1_percent DOUBLE PRECISION,
  t2_percent DOUBLE PRECISION,
6 interface_id BYTEA,
6 min_preferred_lifetime BIGINT,
6 max_preferred_lifetime BIGINT,
  min_valid_lifetime BIGINT,
  max_valid_lifetime BIGINT,
  ddns_send_updates BOOLEAN,
  ddns_override_no_update BOOLEAN,
  ddns_override_client_update BOOLEAN,
  ddns_replace_client_name BIGINT,
  ddns_generated_prefix VARCHAR(255),
  ddns_qualifying_suffix VARCHAR(255),
  reservations_global BOOLEAN,
  reservations_in_subnet BOOLEAN,
  reservations_out_of_pool BOOLEAN,
  cache_threshold DOUBLE PRECISION,
  cache_max_age BIGINT,
4 offer_lifetime BIGINT,
  allocator TEXT,
6 pd_allocator TEXT,
  ddns_ttl_percent DOUBLE PRECISION,
  ddns_ttl BIGINT,
  ddns_ttl_min BIGINT,
  ddns_ttl_max BIGINT,
  PRIMARY KEY (subnet_id),
  UNIQUE (subnet_prefix),
  CONSTRAINT fk_ddns_replace_client_name FOREIGN KEY (ddns_replace_client_name) REFERENCES ddns_replace_client_name_types (type),
  CONSTRAINT fk_dhcp@_subnet_shared_network FOREIGN KEY (shared_network_name) REFERENCES dhcp@_shared_network (name)
)

CREATE INDEX dhcp@_subnet_idx1 ON dhcp@_subnet (modification_ts)

CREATE INDEX dhcp@_subnet_idx2 ON dhcp@_subnet (shared_network_name)

CREATE TABLE dhcp@_subnet_server (
  subnet_id BIGINT NOT NULL,
  server_id BIGINT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (subnet_id, server_id),
  CONSTRAINT fk_dhcp@_subnet_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_subnet_server_subnet_id FOREIGN KEY (subnet_id) REFERENCES dhcp@_subnet (subnet_id) ON UPDATE CASCADE ON DELETE CASCADE
)

CREATE INDEX dhcp@_subnet_server_idx1 ON dhcp@_subnet_server (server_id)

CREATE INDEX dhcp@_subnet_server_idx2 ON dhcp@_subnet_server (modification_ts)

CREATE TABLE dhcp@_pool (
  id SERIAL,
  start_address INET NOT NULL,
  end_address INET NOT NULL,
  subnet_id BIGINT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  client_classes TEXT,
  evaluate_additional_classes TEXT,
  user_context JSON,
  PRIMARY KEY (id),
  CONSTRAINT fk_dhcp@_pool_subnet_id FOREIGN KEY (subnet_id) REFERENCES dhcp@_subnet (subnet_id)
)

CREATE INDEX dhcp@_pool_idx1 ON dhcp@_pool (modification_ts)

CREATE INDEX dhcp@_pool_idx2 ON dhcp@_pool (subnet_id)

CREATE TABLE dhcp6_pd_pool (
  id SERIAL,
  prefix VARCHAR(45) NOT NULL,
  prefix_length SMALLINT NOT NULL,
  delegated_prefix_length SMALLINT NOT NULL,
  subnet_id BIGINT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  excluded_prefix VARCHAR(45),
  excluded_prefix_length SMALLINT NOT NULL,
  client_classes TEXT,
  evaluate_additional_classes TEXT,
  user_context JSON,
  PRIMARY KEY (id),
  CONSTRAINT fk_dhcp6_pd_pool_subnet_id FOREIGN KEY (subnet_id) REFERENCES dhcp6_subnet (subnet_id)
)

CREATE INDEX dhcp6_pd_pool_idx1 ON dhcp6_pd_pool (modification_ts)

CREATE INDEX dhcp6_pd_pool_idx2 ON dhcp6_pd_pool (subnet_id)

CREATE TABLE dhcp@_options (
  option_id SERIAL,
4 code SMALLINT NOT NULL,
6 code INTEGER NOT NULL,
  value BYTEA,
  formatted_value TEXT,
  space VARCHAR(128),
  persistent BOOLEAN NOT NULL DEFAULT false,
  dhcp_client_class VARCHAR(128),
  dhcp@_subnet_id BIGINT,
  host_id INTEGER,
  scope_id SMALLINT NOT NULL,
  user_context TEXT,
  shared_network_name VARCHAR(128),
  pool_id BIGINT,
6 pd_pool_id BIGINT,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  cancelled BOOLEAN NOT NULL DEFAULT false,
  client_classes TEXT NOT NULL,
  PRIMARY KEY (option_id),
  CONSTRAINT fk_dhcp@_option_scode FOREIGN KEY (scope_id) REFERENCES dhcp_option_scope (scope_id) ON DELETE CASCADE,
6 CONSTRAINT fk_dhcp@_options_pd_pool FOREIGN KEY (pd_pool_id) REFERENCES dhcp@_pd_pool (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_options_pool FOREIGN KEY (pool_id) REFERENCES dhcp@_pool (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_options_shared_network FOREIGN KEY (shared_network_name) REFERENCES dhcp@_shared_network (name) ON UPDATE CASCADE ON DELETE CASCADE,
4 CONSTRAINT fk_options_host1 FOREIGN KEY (host_id) REFERENCES hosts (host_id) ON DELETE CASCADE,
6 CONSTRAINT fk_options_host10 FOREIGN KEY (host_id) REFERENCES hosts (host_id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_options_subnet FOREIGN KEY (dhcp@_subnet_id) REFERENCES dhcp@_subnet (subnet_id) ON UPDATE CASCADE ON DELETE CASCADE
)

CREATE INDEX fk_dhcp@_options_host1_idx ON dhcp@_options (host_id)

CREATE INDEX fk_dhcp@_options_scope_idx ON dhcp@_options (scope_id)

CREATE INDEX fk_dhcp@_options_pool ON dhcp@_options (pool_id)

CREATE INDEX fk_dhcp@_options_shared_network ON dhcp@_options (shared_network_name)

CREATE INDEX fk_dhcp@_options_subnet ON dhcp@_options (dhcp@_subnet_id)

6 CREATE INDEX fk_dhcp6_options_pd_pool ON dhcp6_options (pd_pool_id)

CREATE TABLE dhcp@_options_server (
  option_id BIGINT NOT NULL,
  server_id BIGINT NOT NULL,
  modification_ts TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (option_id, server_id),
  CONSTRAINT fk_dhcp@_options_server_option_id FOREIGN KEY (option_id) REFERENCES dhcp@_options (option_id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_options_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE
)

CREATE INDEX dhcp@_options_server_idx1 ON dhcp@_options_server (server_id)

CREATE INDEX dhcp@_options_server_idx2 ON dhcp@_options_server (modification_ts)

-- The legal log.

CREATE TABLE logs (
  timestamp TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  address VARCHAR(43),
  log TEXT NOT NULL
)

CREATE INDEX address_id ON logs (address)

CREATE INDEX timestamp_id ON logs ("timestamp")
