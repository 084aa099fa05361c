-- What writers of configurations and leases do, a statement a line; `!` marks those that are refused.
SELECT createAuditRevisionDHCP4('2026-01-01 00:00:00','all','first',false)
INSERT INTO dhcp4_server(tag,description,modification_ts) VALUES('hq','d',now())
INSERT INTO dhcp4_shared_network(name,modification_ts) VALUES('n1','2026-01-01')
INSERT INTO dhcp4_subnet(subnet_id,subnet_prefix,shared_network_name,modification_ts) VALUES(1,'10.0.0.0/24','n1','2026-01-01'),(2,'10.0.1.0/24',NULL,'2026-01-01')
INSERT INTO dhcp4_pool(start_address,end_address,subnet_id,modification_ts) VALUES('10.0.0.1','10.0.0.10',1,'2026-01-01')
INSERT INTO dhcp4_options(code,scope_id,dhcp4_subnet_id,client_classes,modification_ts) VALUES(3,1,1,'[  ]','2026-02-01')
INSERT INTO dhcp4_options(code,scope_id,client_classes,modification_ts) VALUES(6,0,'[  ]','2026-02-01')
INSERT INTO dhcp4_options(code,scope_id,shared_network_name,client_classes,modification_ts) VALUES(6,4,'n1','[  ]','2026-02-02')
INSERT INTO dhcp4_options(code,scope_id,pool_id,client_classes,modification_ts) SELECT 6,5,max(id),'[  ]','2026-02-03' FROM dhcp4_pool
SELECT createAuditRevisionDHCP4('2026-01-02 00:00:00','hq','second',true)
UPDATE dhcp4_options SET value='\x01' WHERE code=6
DELETE FROM dhcp4_options WHERE code=3
SELECT createAuditRevisionDHCP4('2026-01-03 00:00:00','hq','third',false)
UPDATE dhcp4_options SET value='\x02' WHERE code=6
INSERT INTO dhcp4_global_parameter(name,value,parameter_type,modification_ts) VALUES('a','1',0,now())
UPDATE dhcp4_global_parameter SET value='2'
DELETE FROM dhcp4_global_parameter
INSERT INTO dhcp4_option_def(code,name,space,type,is_array,encapsulate,modification_ts) VALUES(222,'f','dhcp4',1,false,'',now())
DELETE FROM dhcp4_option_def
INSERT INTO dhcp4_client_class(name,modification_ts) VALUES('a',now()),('b',now())
INSERT INTO dhcp4_client_class(name,follow_class_name,modification_ts) VALUES('c','a',now())
INSERT INTO dhcp4_client_class(name,depend_on_known_directly,follow_class_name,modification_ts) VALUES('k',true,'a',now())
INSERT INTO dhcp4_client_class_server(class_id,server_id) SELECT c.id, s.id FROM dhcp4_client_class c, dhcp4_server s WHERE (c.name IN('a','b','k') AND s.tag='all') OR (c.name='c' AND s.tag='hq')
INSERT INTO dhcp4_client_class_dependency SELECT b.id,k.id FROM dhcp4_client_class b, dhcp4_client_class k WHERE b.name='b' AND k.name='k'
! INSERT INTO dhcp4_client_class_dependency SELECT b.id,k.id FROM dhcp4_client_class b, dhcp4_client_class k WHERE b.name='b' AND k.name='c'
! INSERT INTO dhcp4_client_class_dependency SELECT b.id,k.id FROM dhcp4_client_class b, dhcp4_client_class k WHERE b.name='a' AND k.name='b'
! INSERT INTO dhcp4_client_class_dependency SELECT b.id,b.id FROM dhcp4_client_class b WHERE b.name='a'
! INSERT INTO dhcp4_client_class(name,follow_class_name,modification_ts) VALUES('z','nope',now())
UPDATE dhcp4_client_class SET follow_class_name='c', test='x' WHERE name='a'
UPDATE dhcp4_client_class SET test='y' WHERE name='b'
! UPDATE dhcp4_client_class SET follow_class_name='b' WHERE name='k'
UPDATE dhcp4_client_class SET depend_on_known_directly=false WHERE name='k'
! SELECT checkDHCPv4ClientClassKnownDependencyChange()
DELETE FROM dhcp4_client_class WHERE name='c'
SELECT createAuditRevisionDHCP4('2026-01-04 00:00:00','hq','fourth',true)
DELETE FROM dhcp4_subnet WHERE subnet_id=1
DELETE FROM dhcp4_shared_network
SET kea.disable_audit='true'
UPDATE dhcp4_subnet SET user_context='{}'
SET kea.disable_audit='false'
INSERT INTO lease4(address,hwaddr,expire,subnet_id,state,pool_id,user_context) VALUES (1,'\x01','2026-01-01 00:00:00',1,0,0,'{"ISC":{"client-classes":["a","b"]}}'),(2,NULL,'2026-01-01',1,1,2,NULL),(3,NULL,'2026-01-01',2,2,0,NULL),(4,NULL,'2026-01-01',2,0,0,'{"ISC":{"client-classes":["a"]}}')
UPDATE lease4 SET state=1 WHERE address=1
UPDATE lease4 SET subnet_id=3, pool_id=9 WHERE address=4
UPDATE lease4 SET user_context='{"ISC":{"client-classes":["b"]}}' WHERE address=4
DELETE FROM lease4 WHERE address=2
UPDATE lease4 SET hwaddr='\x05' WHERE address=4
INSERT INTO lease6(address,duid,expire,subnet_id,lease_type,state,pool_id,user_context) VALUES ('2001:db8::1','\x01','2026-01-01',1,0,0,0,'{"ISC":{"client-classes":["a"]}}'),('2001:db8::2','\x01','2026-01-01',1,2,0,0,'{"ISC":{"client-classes":["a"]}}'),('2001:db8::3','\x01','2026-01-01',1,0,4,0,NULL)
UPDATE lease6 SET state=2 WHERE lease_type=2
UPDATE lease6 SET state=0 WHERE state=4
