#!/bin/sh
# Empties a database: leases, reservations, configurations, audit and logs go, the schema and the server "all" stay.
#
#     wipe_data.sh VERSION ARGUMENTS
#
# VERSION is that of the schema, which must match; ARGUMENTS are those of the client mysql.
set -eu

if [ $# -lt 1 ]; then
    echo "Required at least one parameter: schema version number, e.g. 35.0"
    exit 1
fi
expected=$1
shift

found=$(mysql "$@" -N -B -e "SELECT CONCAT_WS('.', version, minor) FROM schema_version")
if [ -z "$found" ]; then
    echo "Cannot wipe data, schema version could not be detected."
    exit 1
fi
if [ "$found" != "$expected" ]; then
    echo "Cannot wipe data, wrong schema version. Expected version $expected, found $found."
    exit 1
fi

# What each revision replaced; the table comes with the first change.
history=$(mysql "$@" -N -B -e "SELECT CONCAT('DELETE FROM ', table_name, ';') FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name IN ('dhcp4_audit_history', 'dhcp6_audit_history')")

mysql "$@" <<EOF
SET @disable_audit = 1, @cascade_transaction = 1;
START TRANSACTION;
DELETE FROM logs;
DELETE FROM dhcp6_options_server;
DELETE FROM dhcp4_options_server;
DELETE FROM dhcp6_options;
DELETE FROM dhcp4_options;
DELETE FROM dhcp6_pd_pool;
DELETE FROM dhcp6_pool;
DELETE FROM dhcp4_pool;
DELETE FROM dhcp6_subnet_server;
DELETE FROM dhcp4_subnet_server;
DELETE FROM dhcp6_subnet;
DELETE FROM dhcp4_subnet;
DELETE FROM dhcp6_shared_network_server;
DELETE FROM dhcp4_shared_network_server;
DELETE FROM dhcp6_shared_network;
DELETE FROM dhcp4_shared_network;
DELETE FROM dhcp6_option_def_server;
DELETE FROM dhcp4_option_def_server;
DELETE FROM dhcp6_option_def;
DELETE FROM dhcp4_option_def;
DELETE FROM dhcp6_client_class_server;
DELETE FROM dhcp4_client_class_server;
DELETE FROM dhcp6_client_class_dependency;
DELETE FROM dhcp4_client_class_dependency;
DELETE FROM dhcp6_client_class_order;
DELETE FROM dhcp4_client_class_order;
DELETE FROM dhcp6_client_class;
DELETE FROM dhcp4_client_class;
DELETE FROM dhcp6_global_parameter_server;
DELETE FROM dhcp4_global_parameter_server;
DELETE FROM dhcp6_global_parameter;
DELETE FROM dhcp4_global_parameter;
DELETE FROM dhcp6_audit;
DELETE FROM dhcp4_audit;
DELETE FROM dhcp6_audit_revision;
DELETE FROM dhcp4_audit_revision;
DELETE FROM dhcp6_server WHERE tag <> 'all';
DELETE FROM dhcp4_server WHERE tag <> 'all';
DELETE FROM ipv6_reservations;
DELETE FROM hosts;
DELETE FROM free_lease6;
DELETE FROM free_lease4;
DELETE FROM flq_pool6;
DELETE FROM flq_pool4;
DELETE FROM lease6_stat_by_client_class;
DELETE FROM lease4_stat_by_client_class;
DELETE FROM lease6_pool_stat;
DELETE FROM lease4_pool_stat;
DELETE FROM lease6_stat;
DELETE FROM lease4_stat;
DELETE FROM lease6_remote_id;
DELETE FROM lease6_relay_id;
DELETE FROM lease6;
DELETE FROM lease4;
$history
COMMIT;
EOF
