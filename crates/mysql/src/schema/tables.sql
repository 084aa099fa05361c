-- Which version the tables have, and what numbers in other columns mean.

CREATE TABLE schema_version (
  version INT NOT NULL,
  minor INT,
  PRIMARY KEY (version)
) ENGINE = InnoDB

CREATE TABLE modification (
  id TINYINT NOT NULL,
  modification_type VARCHAR(32) NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB

CREATE TABLE parameter_data_type (
  id TINYINT UNSIGNED NOT NULL,
  name VARCHAR(32) NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB

CREATE TABLE option_def_data_type (
  id TINYINT UNSIGNED NOT NULL,
  name VARCHAR(32) NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB

CREATE TABLE dhcp_option_scope (
  scope_id TINYINT UNSIGNED NOT NULL,
  scope_name VARCHAR(32),
  PRIMARY KEY (scope_id)
) ENGINE = InnoDB

CREATE TABLE host_identifier_type (
  type TINYINT NOT NULL,
  name VARCHAR(32),
  PRIMARY KEY (type)
) ENGINE = InnoDB

CREATE TABLE lease_state (
  state INT UNSIGNED NOT NULL,
  name VARCHAR(64) NOT NULL,
  PRIMARY KEY (state)
) ENGINE = InnoDB

CREATE TABLE lease_hwaddr_source (
  hwaddr_source INT UNSIGNED NOT NULL,
  name VARCHAR(40),
  PRIMARY KEY (hwaddr_source)
) ENGINE = InnoDB

CREATE TABLE lease6_types (
  lease_type TINYINT NOT NULL,
  name VARCHAR(5),
  PRIMARY KEY (lease_type)
) ENGINE = InnoDB

-- Leases.

CREATE TABLE lease@ (
4 address INT UNSIGNED NOT NULL,
4 hwaddr VARBINARY(20),
4 client_id VARBINARY(255),
6 address BINARY(16) NOT NULL,
6 duid VARBINARY(130),
  valid_lifetime INT UNSIGNED,
  expire TIMESTAMP NULL DEFAULT NULL,
  subnet_id INT UNSIGNED,
6 pref_lifetime INT UNSIGNED,
6 lease_type TINYINT,
6 iaid INT UNSIGNED,
6 prefix_len TINYINT UNSIGNED,
  fqdn_fwd BOOLEAN,
  fqdn_rev BOOLEAN,
  hostname VARCHAR(255),
6 hwaddr VARBINARY(20),
6 hwtype SMALLINT UNSIGNED,
6 hwaddr_source INT UNSIGNED,
  state INT UNSIGNED DEFAULT 0,
  user_context TEXT,
4 relay_id VARBINARY(255),
4 remote_id VARBINARY(255),
  pool_id INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (address),
4 KEY lease@_by_hwaddr_subnet_id (hwaddr, subnet_id),
4 KEY lease@_by_client_id_subnet_id (client_id, subnet_id),
4 KEY lease@_by_subnet_id (subnet_id),
6 KEY fk_lease@_type (lease_type),
6 KEY fk_lease@_hwaddr_source (hwaddr_source),
6 KEY lease@_by_subnet_id_lease_type (subnet_id, lease_type),
6 KEY lease@_by_duid_iaid_subnet_id (duid, iaid, subnet_id),
  KEY lease@_by_hostname (hostname),
  KEY lease@_by_expire_state (expire, state),
4 KEY lease@_by_relay_id (relay_id),
4 KEY lease@_by_remote_id (remote_id),
6 KEY lease@_by_subnet_id_address (subnet_id, address),
6 KEY lease@_by_hwaddr (hwaddr),
  KEY lease@_by_state (state, subnet_id),
6 CONSTRAINT fk_lease@_hwaddr_source FOREIGN KEY (hwaddr_source) REFERENCES lease_hwaddr_source (hwaddr_source),
6 CONSTRAINT fk_lease@_type FOREIGN KEY (lease_type) REFERENCES lease6_types (lease_type),
  CONSTRAINT fk_lease@_state FOREIGN KEY (state) REFERENCES lease_state (state)
) ENGINE = InnoDB

CREATE TABLE lease6_relay_id (
  extended_info_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  relay_id VARBINARY(130) NOT NULL,
  lease_addr BINARY(16) NOT NULL,
  PRIMARY KEY (extended_info_id),
  KEY key_lease6_relay_id_by_id (relay_id, lease_addr),
  KEY key_lease6_relay_id_by_address (lease_addr),
  CONSTRAINT fk_lease6_relay_id_addr FOREIGN KEY (lease_addr) REFERENCES lease6 (address) ON DELETE CASCADE
) ENGINE = InnoDB

CREATE TABLE lease6_remote_id (
  extended_info_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  remote_id VARBINARY(255) NOT NULL,
  lease_addr BINARY(16) NOT NULL,
  PRIMARY KEY (extended_info_id),
  KEY key_lease6_remote_id_by_id (remote_id, lease_addr),
  KEY key_lease6_remote_id_by_address (lease_addr),
  CONSTRAINT fk_lease6_remote_id_addr FOREIGN KEY (lease_addr) REFERENCES lease6 (address) ON DELETE CASCADE
) ENGINE = InnoDB

-- Counters of leases, kept by triggers.

CREATE TABLE lease@_stat (
  subnet_id INT UNSIGNED NOT NULL,
6 lease_type INT UNSIGNED NOT NULL,
  state INT UNSIGNED NOT NULL,
  leases BIGINT,
4 PRIMARY KEY (subnet_id, state)
6 PRIMARY KEY (subnet_id, lease_type, state)
) ENGINE = InnoDB

CREATE TABLE lease@_pool_stat (
  subnet_id INT UNSIGNED NOT NULL,
  pool_id INT UNSIGNED NOT NULL,
6 lease_type INT UNSIGNED NOT NULL,
  state INT UNSIGNED NOT NULL,
  leases BIGINT,
4 PRIMARY KEY (subnet_id, pool_id, state)
6 PRIMARY KEY (subnet_id, pool_id, lease_type, state)
) ENGINE = InnoDB

CREATE TABLE lease@_stat_by_client_class (
  client_class VARCHAR(128) NOT NULL,
6 lease_type TINYINT NOT NULL,
  leases BIGINT UNSIGNED NOT NULL,
4 PRIMARY KEY (client_class)
6 PRIMARY KEY (client_class, lease_type),
6 KEY fk_lease@_stat_by_client_class_lease_type (lease_type),
6 CONSTRAINT fk_lease@_stat_by_client_class_lease_type FOREIGN KEY (lease_type) REFERENCES lease6_types (lease_type)
) ENGINE = InnoDB

-- Queues of free addresses, shared by servers (SFLQ).

CREATE TABLE flq_pool@ (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
4 start_address INT UNSIGNED NOT NULL,
4 end_address INT UNSIGNED NOT NULL,
4 last_returned_address INT UNSIGNED DEFAULT 0,
6 start_address VARCHAR(45) NOT NULL,
6 end_address VARCHAR(45) NOT NULL,
6 lease_type TINYINT,
6 delegated_len TINYINT UNSIGNED,
6 last_returned_address VARCHAR(45) DEFAULT '::',
  subnet_id INT UNSIGNED NOT NULL,
  created_ts TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
  modification_ts TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
4 UNIQUE KEY flq_pool@_address_range (start_address, end_address),
6 UNIQUE KEY start_address (start_address, end_address),
6 KEY fk_flq_pool@_lease@_type (lease_type),
6 CONSTRAINT fk_flq_pool@_lease@_type FOREIGN KEY (lease_type) REFERENCES lease6_types (lease_type),
  KEY flq_pool@_by_subnet_id (subnet_id)
) ENGINE = InnoDB

CREATE TABLE free_lease@ (
4 address INT UNSIGNED NOT NULL,
6 address VARCHAR(45) NOT NULL,
6 bin_address BINARY(16) NOT NULL,
  modification_ts TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
6 UNIQUE KEY bin_address (bin_address),
  PRIMARY KEY (address)
) ENGINE = InnoDB

-- Host reservations.

CREATE TABLE hosts (
  host_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  dhcp_identifier VARBINARY(255) NOT NULL,
  dhcp_identifier_type TINYINT NOT NULL,
  dhcp4_subnet_id INT UNSIGNED,
  dhcp6_subnet_id INT UNSIGNED,
  ipv4_address INT UNSIGNED,
  hostname VARCHAR(255),
  dhcp4_client_classes VARCHAR(255),
  dhcp6_client_classes VARCHAR(255),
  dhcp4_next_server INT UNSIGNED,
  dhcp4_server_hostname VARCHAR(64),
  dhcp4_boot_file_name VARCHAR(128),
  user_context TEXT,
  auth_key VARCHAR(32),
  PRIMARY KEY (host_id),
  UNIQUE KEY key_dhcp4_identifier_subnet_id (dhcp_identifier, dhcp_identifier_type, dhcp4_subnet_id),
  UNIQUE KEY key_dhcp6_identifier_subnet_id (dhcp_identifier, dhcp_identifier_type, dhcp6_subnet_id),
  KEY fk_host_identifier_type (dhcp_identifier_type),
  KEY hosts_by_hostname (hostname),
  KEY key_dhcp4_ipv4_address_subnet_id_identifier (ipv4_address, dhcp4_subnet_id),
  CONSTRAINT fk_host_identifier_type FOREIGN KEY (dhcp_identifier_type) REFERENCES host_identifier_type (type)
) ENGINE = InnoDB

CREATE TABLE ipv6_reservations (
  reservation_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  address BINARY(16) NOT NULL,
  prefix_len TINYINT UNSIGNED NOT NULL DEFAULT 128,
  type TINYINT UNSIGNED NOT NULL DEFAULT 0,
  dhcp6_iaid INT UNSIGNED,
  host_id INT UNSIGNED NOT NULL,
  excluded_prefix BINARY(16),
  excluded_prefix_len TINYINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (reservation_id),
  KEY fk_ipv6_reservations_host_idx (host_id),
  KEY key_dhcp6_address_prefix_len (address, prefix_len),
  CONSTRAINT fk_ipv6_reservations_Host FOREIGN KEY (host_id) REFERENCES hosts (host_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE = InnoDB

-- The configuration backend: servers and the audit.

CREATE TABLE dhcp@_server (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  tag VARCHAR(64) NOT NULL,
  description TEXT,
  modification_ts TIMESTAMP NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY dhcp@_server_tag_UNIQUE (tag),
  KEY key_dhcp@_server_modification_ts (modification_ts)
) ENGINE = InnoDB

CREATE TABLE dhcp@_audit_revision (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  modification_ts TIMESTAMP NOT NULL,
  log_message TEXT,
  server_id BIGINT UNSIGNED,
  PRIMARY KEY (id),
  KEY key_dhcp@_audit_revision_by_modification_ts (modification_ts)
) ENGINE = InnoDB

CREATE TABLE dhcp@_audit (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  object_type VARCHAR(256) NOT NULL,
  object_id BIGINT UNSIGNED NOT NULL,
  modification_type TINYINT(1) NOT NULL,
  revision_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY fk_dhcp@_audit_modification_type (modification_type),
  KEY fk_dhcp@_audit_revision (revision_id),
  CONSTRAINT fk_dhcp@_audit_modification_type FOREIGN KEY (modification_type) REFERENCES modification (id),
  CONSTRAINT fk_dhcp@_audit_revision FOREIGN KEY (revision_id) REFERENCES dhcp@_audit_revision (id) ON UPDATE CASCADE
) ENGINE = InnoDB

-- The configuration backend: objects, and which servers have them.

CREATE TABLE dhcp@_global_parameter (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(128) NOT NULL,
  value LONGTEXT NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  parameter_type TINYINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY key_dhcp@_global_parameter_modification_ts (modification_ts),
  KEY key_dhcp@_global_parameter_name (name),
  KEY fk_dhcp@_global_parameter_type (parameter_type),
  CONSTRAINT fk_dhcp@_global_parameter_type FOREIGN KEY (parameter_type) REFERENCES parameter_data_type (id)
) ENGINE = InnoDB

CREATE TABLE dhcp@_global_parameter_server (
  parameter_id BIGINT UNSIGNED NOT NULL,
  server_id BIGINT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  PRIMARY KEY (parameter_id, server_id),
  KEY fk_dhcp@_global_parameter_server_server_id (server_id),
  KEY key_dhcp@_global_parameter_server (modification_ts),
  CONSTRAINT fk_dhcp@_global_parameter_server_parameter_id FOREIGN KEY (parameter_id) REFERENCES dhcp@_global_parameter (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_global_parameter_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE
) ENGINE = InnoDB

CREATE TABLE dhcp@_client_class (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(128) NOT NULL,
  test TEXT,
4 next_server INT UNSIGNED,
4 server_hostname VARCHAR(128),
4 boot_file_name VARCHAR(512),
  only_in_additional_list TINYINT NOT NULL DEFAULT 0,
  valid_lifetime INT,
  min_valid_lifetime INT,
  max_valid_lifetime INT,
  depend_on_known_directly TINYINT NOT NULL DEFAULT 0,
  follow_class_name VARCHAR(128),
  modification_ts TIMESTAMP NOT NULL,
6 preferred_lifetime INT,
6 min_preferred_lifetime INT,
6 max_preferred_lifetime INT,
  user_context LONGTEXT,
4 offer_lifetime INT,
  PRIMARY KEY (id),
  UNIQUE KEY id_UNIQUE (id),
  UNIQUE KEY name_UNIQUE (name),
  KEY key_dhcp@_client_class_modification_ts (modification_ts)
) ENGINE = InnoDB

CREATE TABLE dhcp@_client_class_order (
  class_id BIGINT UNSIGNED NOT NULL,
  order_index BIGINT UNSIGNED NOT NULL,
  depend_on_known_indirectly TINYINT NOT NULL DEFAULT 0,
  PRIMARY KEY (class_id),
  KEY key_dhcp@_client_class_order_index (order_index),
  CONSTRAINT fk_dhcp@_client_class_order_class_id FOREIGN KEY (class_id) REFERENCES dhcp@_client_class (id) ON DELETE CASCADE
) ENGINE = InnoDB

CREATE TABLE dhcp@_client_class_dependency (
  class_id BIGINT UNSIGNED NOT NULL,
  dependency_id BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (class_id, dependency_id),
  KEY dhcp@_client_class_dependency_id_idx (dependency_id),
  CONSTRAINT dhcp@_client_class_class_id FOREIGN KEY (class_id) REFERENCES dhcp@_client_class (id) ON DELETE CASCADE,
  CONSTRAINT dhcp@_client_class_dependency_id FOREIGN KEY (dependency_id) REFERENCES dhcp@_client_class (id)
) ENGINE = InnoDB

CREATE TABLE dhcp@_client_class_server (
  class_id BIGINT UNSIGNED NOT NULL,
  server_id BIGINT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NULL DEFAULT NULL,
  PRIMARY KEY (class_id, server_id),
  KEY fk_dhcp@_client_class_server_id (server_id),
  CONSTRAINT fk_dhcp@_client_class_class_id FOREIGN KEY (class_id) REFERENCES dhcp@_client_class (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_client_class_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id)
) ENGINE = InnoDB

CREATE TABLE dhcp@_option_def (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  code SMALLINT UNSIGNED NOT NULL,
  name VARCHAR(128) NOT NULL,
  `space` VARCHAR(128) NOT NULL,
  type TINYINT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  is_array BOOLEAN NOT NULL,
  encapsulate VARCHAR(128) NOT NULL,
  record_types VARCHAR(512),
  user_context LONGTEXT,
  class_id BIGINT UNSIGNED,
  PRIMARY KEY (id),
  KEY key_dhcp@_option_def_modification_ts (modification_ts),
  KEY key_dhcp@_option_def_code_space (code, space),
  KEY fk_dhcp@_option_def_client_class_id (class_id),
  KEY fk_option_def_data_type@ (type),
  CONSTRAINT fk_dhcp@_option_def_client_class_id FOREIGN KEY (class_id) REFERENCES dhcp@_client_class (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT fk_option_def_data_type@ FOREIGN KEY (type) REFERENCES option_def_data_type (id)
) ENGINE = InnoDB

CREATE TABLE dhcp@_option_def_server (
  option_def_id BIGINT UNSIGNED NOT NULL,
  server_id BIGINT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  PRIMARY KEY (option_def_id, server_id),
  KEY fk_dhcp@_option_def_server_server_id_idx (server_id),
  KEY key_dhcp@_option_def_server_modification_ts (modification_ts),
  CONSTRAINT fk_dhcp@_option_def_server_option_def_id FOREIGN KEY (option_def_id) REFERENCES dhcp@_option_def (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_option_def_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE
) ENGINE = InnoDB

CREATE TABLE dhcp@_shared_network (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(128) NOT NULL,
  client_classes LONGTEXT,
  `interface` VARCHAR(128),
4 match_client_id BOOLEAN,
  modification_ts TIMESTAMP NOT NULL,
6 preferred_lifetime INT,
6 rapid_commit BOOLEAN,
  rebind_timer INT,
  relay LONGTEXT,
  renew_timer INT,
  evaluate_additional_classes LONGTEXT,
  user_context LONGTEXT,
  valid_lifetime INT,
4 authoritative BOOLEAN,
  calculate_tee_times BOOLEAN,
  t1_percent FLOAT,
  t2_percent FLOAT,
4 boot_file_name VARCHAR(512),
4 next_server INT UNSIGNED,
4 server_hostname VARCHAR(512),
6 interface_id VARBINARY(128),
6 min_preferred_lifetime INT,
6 max_preferred_lifetime INT,
  min_valid_lifetime INT,
  max_valid_lifetime INT,
  ddns_send_updates BOOLEAN,
  ddns_override_no_update BOOLEAN,
  ddns_override_client_update BOOLEAN,
  ddns_replace_client_name TINYINT,
  ddns_generated_prefix VARCHAR(255),
  ddns_qualifying_suffix VARCHAR(255),
  reservations_global BOOLEAN,
  reservations_in_subnet BOOLEAN,
  reservations_out_of_pool BOOLEAN,
  cache_threshold FLOAT,
  cache_max_age INT,
4 offer_lifetime INT,
  allocator TEXT,
6 pd_allocator TEXT,
  ddns_ttl_percent FLOAT,
  ddns_ttl INT,
  ddns_ttl_min INT,
  ddns_ttl_max INT,
  PRIMARY KEY (id),
  UNIQUE KEY name_UNIQUE (name),
  KEY key_dhcp@_shared_network_modification_ts (modification_ts)
) ENGINE = InnoDB

CREATE TABLE dhcp@_shared_network_server (
  shared_network_id BIGINT UNSIGNED NOT NULL,
  server_id BIGINT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  PRIMARY KEY (shared_network_id, server_id),
  KEY key_dhcp@_shared_network_server_modification_ts (modification_ts),
4 KEY fk_dhcp@_shared_network_server_server_id (server_id),
6 KEY fk_dhcp@_shared_network_server_server_id_idx (server_id),
  CONSTRAINT fk_dhcp@_shared_network_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_shared_network_server_shared_network_id FOREIGN KEY (shared_network_id) REFERENCES dhcp@_shared_network (id) ON DELETE CASCADE
) ENGINE = InnoDB

CREATE TABLE dhcp@_subnet (
  subnet_id INT UNSIGNED NOT NULL,
4 subnet_prefix VARCHAR(32) NOT NULL,
4 `4o6_interface` VARCHAR(128),
4 `4o6_interface_id` VARCHAR(128),
4 `4o6_subnet` VARCHAR(64),
4 boot_file_name VARCHAR(512),
6 subnet_prefix VARCHAR(64) NOT NULL,
  client_classes LONGTEXT,
  `interface` VARCHAR(128),
4 match_client_id BOOLEAN,
4 modification_ts TIMESTAMP NOT NULL,
4 next_server INT UNSIGNED,
6 modification_ts TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
6 preferred_lifetime INT,
6 rapid_commit BOOLEAN,
  rebind_timer INT,
  relay LONGTEXT,
  renew_timer INT,
  evaluate_additional_classes LONGTEXT,
4 server_hostname VARCHAR(512),
  shared_network_name VARCHAR(128),
  user_context LONGTEXT,
  valid_lifetime INT,
4 authoritative BOOLEAN,
  calculate_tee_times BOOLEAN,
  t1_percent FLOAT,
  t2_percent FLOAT,
6 interface_id VARBINARY(128),
6 min_preferred_lifetime INT,
6 max_preferred_lifetime INT,
  min_valid_lifetime INT,
  max_valid_lifetime INT,
  ddns_send_updates BOOLEAN,
  ddns_override_no_update BOOLEAN,
  ddns_override_client_update BOOLEAN,
  ddns_replace_client_name TINYINT,
  ddns_generated_prefix VARCHAR(255),
  ddns_qualifying_suffix VARCHAR(255),
  reservations_global BOOLEAN,
  reservations_in_subnet BOOLEAN,
  reservations_out_of_pool BOOLEAN,
  cache_threshold FLOAT,
  cache_max_age INT,
4 offer_lifetime INT,
  allocator TEXT,
6 pd_allocator TEXT,
  ddns_ttl_percent FLOAT,
  ddns_ttl INT,
  ddns_ttl_min INT,
  ddns_ttl_max INT,
  PRIMARY KEY (subnet_id),
4 UNIQUE KEY subnet@_subnet_prefix (subnet_prefix),
6 UNIQUE KEY subnet_prefix_UNIQUE (subnet_prefix),
6 KEY subnet@_subnet_prefix (subnet_prefix),
  KEY fk_dhcp@_subnet_shared_network (shared_network_name),
  KEY key_dhcp@_subnet_modification_ts (modification_ts),
  CONSTRAINT fk_dhcp@_subnet_shared_network FOREIGN KEY (shared_network_name) REFERENCES dhcp@_shared_network (name)
) ENGINE = InnoDB

CREATE TABLE dhcp@_subnet_server (
  subnet_id INT UNSIGNED NOT NULL,
  server_id BIGINT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  PRIMARY KEY (subnet_id, server_id),
4 KEY fk_dhcp@_subnet_server_server_id_idx (server_id),
6 KEY fk_dhcp@_subnet_server_server_id (server_id),
  KEY key_dhcp@_subnet_server_modification_ts (modification_ts),
  CONSTRAINT fk_dhcp@_subnet_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_subnet_server_subnet_id FOREIGN KEY (subnet_id) REFERENCES dhcp@_subnet (subnet_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE = InnoDB

CREATE TABLE dhcp@_pool (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
4 start_address INT UNSIGNED NOT NULL,
4 end_address INT UNSIGNED NOT NULL,
6 start_address VARCHAR(45) NOT NULL,
6 end_address VARCHAR(45) NOT NULL,
  subnet_id INT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  client_classes LONGTEXT,
  evaluate_additional_classes LONGTEXT,
  user_context LONGTEXT,
  PRIMARY KEY (id),
  KEY key_dhcp@_pool_modification_ts (modification_ts),
  KEY fk_dhcp@_pool_subnet_id (subnet_id),
  CONSTRAINT fk_dhcp@_pool_subnet_id FOREIGN KEY (subnet_id) REFERENCES dhcp@_subnet (subnet_id) ON UPDATE CASCADE
) ENGINE = InnoDB

CREATE TABLE dhcp6_pd_pool (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  prefix VARCHAR(45) NOT NULL,
  prefix_length TINYINT NOT NULL,
  delegated_prefix_length TINYINT NOT NULL,
  subnet_id INT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  excluded_prefix VARCHAR(45),
  excluded_prefix_length TINYINT NOT NULL,
  client_classes LONGTEXT,
  evaluate_additional_classes LONGTEXT,
  user_context LONGTEXT,
  PRIMARY KEY (id),
  KEY key_dhcp6_pd_pool_modification_ts (modification_ts),
  KEY fk_dhcp6_pd_pool_subnet_id (subnet_id),
  CONSTRAINT fk_dhcp6_pd_pool_subnet_id FOREIGN KEY (subnet_id) REFERENCES dhcp6_subnet (subnet_id) ON UPDATE CASCADE
) ENGINE = InnoDB

CREATE TABLE dhcp@_options (
  option_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
4 code TINYINT UNSIGNED NOT NULL,
6 code SMALLINT UNSIGNED NOT NULL,
  value BLOB,
  formatted_value TEXT,
  `space` VARCHAR(128),
  persistent BOOLEAN NOT NULL DEFAULT 0,
  dhcp_client_class VARCHAR(128),
  dhcp@_subnet_id INT UNSIGNED,
  host_id INT UNSIGNED,
  scope_id TINYINT UNSIGNED NOT NULL,
  user_context TEXT,
  shared_network_name VARCHAR(128),
  pool_id BIGINT UNSIGNED,
6 pd_pool_id BIGINT UNSIGNED,
  modification_ts TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  cancelled BOOLEAN NOT NULL DEFAULT 0,
  client_classes LONGTEXT NOT NULL,
  PRIMARY KEY (option_id),
  UNIQUE KEY option_id_UNIQUE (option_id),
  KEY fk_options_host1_idx (host_id),
  KEY fk_dhcp@_option_scope (scope_id),
  KEY fk_dhcp@_options_shared_network (shared_network_name),
  KEY fk_dhcp@_options_subnet (dhcp@_subnet_id),
  KEY fk_dhcp@_options_pool (pool_id),
6 KEY fk_dhcp@_options_pd_pool (pd_pool_id),
  KEY fk_dhcp@_options_client_class (dhcp_client_class),
  CONSTRAINT fk_dhcp@_option_scope FOREIGN KEY (scope_id) REFERENCES dhcp_option_scope (scope_id),
  CONSTRAINT fk_dhcp@_options_Host FOREIGN KEY (host_id) REFERENCES hosts (host_id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT fk_dhcp@_options_client_class FOREIGN KEY (dhcp_client_class) REFERENCES dhcp@_client_class (name) ON DELETE CASCADE ON UPDATE CASCADE,
6 CONSTRAINT fk_dhcp@_options_pd_pool FOREIGN KEY (pd_pool_id) REFERENCES dhcp@_pd_pool (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT fk_dhcp@_options_pool FOREIGN KEY (pool_id) REFERENCES dhcp@_pool (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT fk_dhcp@_options_shared_network FOREIGN KEY (shared_network_name) REFERENCES dhcp@_shared_network (name) ON DELETE CASCADE ON UPDATE CASCADE,
4 CONSTRAINT fk_options_host1 FOREIGN KEY (host_id) REFERENCES hosts (host_id),
6 CONSTRAINT fk_options_host10 FOREIGN KEY (host_id) REFERENCES hosts (host_id),
  CONSTRAINT fk_dhcp@_options_subnet FOREIGN KEY (dhcp@_subnet_id) REFERENCES dhcp@_subnet (subnet_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE = InnoDB

CREATE TABLE dhcp@_options_server (
  option_id BIGINT UNSIGNED NOT NULL,
  server_id BIGINT UNSIGNED NOT NULL,
  modification_ts TIMESTAMP NOT NULL,
  PRIMARY KEY (option_id, server_id),
4 KEY fk_dhcp@_options_server_server_id (server_id),
6 KEY fk_dhcp@_options_server_server_id_idx (server_id),
  KEY key_dhcp@_options_server_modification_ts (modification_ts),
  CONSTRAINT fk_dhcp@_options_server_option_id FOREIGN KEY (option_id) REFERENCES dhcp@_options (option_id) ON DELETE CASCADE,
  CONSTRAINT fk_dhcp@_options_server_server_id FOREIGN KEY (server_id) REFERENCES dhcp@_server (id) ON DELETE CASCADE
) ENGINE = InnoDB

-- The legal log.

CREATE TABLE logs (
  `timestamp` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
  address VARCHAR(43),
  log TEXT NOT NULL,
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  PRIMARY KEY (id),
  KEY timestamp_index (timestamp)
) ENGINE = InnoDB
