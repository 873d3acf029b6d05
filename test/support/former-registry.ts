/** A moment some minutes ago: metrics that are too old are not taken. */
export const recently = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 600_000)

const mysqlTime = recently.toISOString().replace('T', ' ').slice(0, 19)

function mysqlTable(name: string, columns: readonly string[], rows: readonly string[]): string {
  const definitions = columns.map((column) => `  ${column}`).join(',\n')
  return `--
-- Table structure for table \`${name}\`
--

DROP TABLE IF EXISTS \`${name}\`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE \`${name}\` (
  \`id\` bigint NOT NULL AUTO_INCREMENT,
${definitions},
  PRIMARY KEY (\`id\`),
  KEY \`idx_${name}\` (\`id\`)
) ENGINE=InnoDB AUTO_INCREMENT=9 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table \`${name}\`
--

LOCK TABLES \`${name}\` WRITE;
/*!40000 ALTER TABLE \`${name}\` DISABLE KEYS */;
INSERT INTO \`${name}\` VALUES ${rows.join(',')};
/*!40000 ALTER TABLE \`${name}\` ENABLE KEYS */;
UNLOCK TABLES;

`
}

const column = (type: string) => (name: string) => `\`${name}\` ${type}`
const texts = (...names: readonly string[]) =>
  names.map(column("varchar(255) COLLATE utf8mb4_unicode_ci DEFAULT NULL COMMENT 'it''s'"))
const times = (...names: readonly string[]) => names.map(column('timestamp NULL DEFAULT CURRENT_TIMESTAMP'))
const flag = column("tinyint(1) DEFAULT '0'")

/** A former registry as mysqldump writes it, with what such registries have: phantoms, secrets, doubles, tables of others. */
export function mysqlDump(): string {
  const at = `'${mysqlTime}'`
  return `-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: looma_crm
-- ------------------------------------------------------
-- Server version	8.0.36

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

${[
  mysqlTable(
    'alert_records',
    [
      ...texts('rule_id', 'service_id', 'alert_level', 'message'),
      flag('resolved'),
      ...times('resolved_at', 'created_at'),
    ],
    [
      `(1,2,'zervi-basic-1','warning','queue\\nat 120',1,${at},${at})`,
      `(2,77,'zervi-basic-1','warning','of a rule that is gone',0,NULL,${at})`,
    ],
  ),
  mysqlTable(
    'alert_rules',
    [
      ...texts('rule_name', 'service_type', 'metric_name'),
      column('double')('threshold_value'),
      ...texts('comparison_operator', 'severity'),
      flag('enabled'),
      ...times('created_at', 'updated_at'),
    ],
    [
      `(1,'high_cpu',NULL,'cpu_usage',75,'>','warning',1,${at},${at})`,
      `(2,'queue_long',NULL,'queue_length',100.5,'>=','critical',0,${at},${at})`,
    ],
  ),
  mysqlTable(
    'cluster_configs',
    [
      ...texts('config_key', 'config_value', 'config_type', 'description'),
      flag('is_encrypted'),
      ...times('created_at', 'updated_at'),
    ],
    [
      `(1,'looma.greeting','你好 \\"World\\" \\\\ ; --','user','',0,${at},${at})`,
      `(2,'log_level','debug','system','',0,${at},${at})`,
      `(3,'looma.db_password','s3cret','system','',0,${at},${at})`,
      `(4,'looma.encrypted','enc:9f8e','system','',1,${at},${at})`,
    ],
  ),
  mysqlTable(
    'cluster_nodes',
    [
      ...texts('node_id', 'node_name', 'node_type', 'host_address'),
      column('int')('port'),
      ...texts('status'),
      ...['capabilities', 'resources'].map(column('json DEFAULT NULL')),
      ...times('last_seen', 'created_at', 'updated_at'),
    ],
    [
      `(1,'zervi-node-1','阿里云一号','management','10.0.0.1',8888,'active','[\\"auth\\"]','{\\"cpu\\": 4}',${at},${at},${at})`,
      `(2,'zervi-node-2','zervi-node-2','worker','10.0.0.2',NULL,'maintenance',NULL,NULL,NULL,${at},${at})`,
    ],
  ),
  mysqlTable(
    'cluster_users',
    [
      ...texts('user_id', 'username', 'email', 'password_hash', 'role'),
      column('json DEFAULT NULL')('permissions'),
      ...texts('status'),
      ...times('last_login', 'created_at', 'updated_at'),
    ],
    [
      `(1,'u-1','admin','admin@example.com','$2b$12$abc','admin','[]','active',${at},${at},${at})`,
      `(2,'u-7','王芳','wang@example.com','$2b$12$def','operator','[\\"data:read\\"]','active',${at},${at},${at})`,
    ],
  ),
  mysqlTable('crm_customers', texts('name'), ["(1,'a customer')"]),
  mysqlTable(
    'service_configs',
    [
      ...texts('service_id', 'config_key', 'config_value', 'config_type'),
      flag('is_encrypted'),
      ...times('created_at', 'updated_at'),
    ],
    [`(1,'zervi-basic-1','pool','10','runtime',0,${at},${at})`],
  ),
  mysqlTable(
    'service_metrics',
    [
      ...texts('service_id', 'metric_name'),
      column('double')('metric_value'),
      ...texts('metric_unit'),
      column('json')('tags'),
      ...times('timestamp'),
    ],
    [
      `(1,'zervi-basic-1','cpu_usage',12.5,'%','{}',${at})`,
      `(2,'zervi-auth-1','requests',7,NULL,NULL,${at})`,
      `(3,'zervi-auth-1','requests',7,'count',NULL,'2020-01-01 00:00:00')`,
    ],
  ),
  mysqlTable(
    'service_registry',
    [
      ...texts('service_id', 'service_name', 'service_type', 'service_url', 'node_id', 'cluster_id'),
      ...['capabilities', 'config'].map(column('json DEFAULT NULL')),
      ...texts('status', 'health_status'),
      ...times('last_heartbeat', 'registered_at', 'updated_at'),
    ],
    [
      `(1,'zervi-basic-1','basic-server','basic-server','http://10.0.0.1:8080','zervi-node-1','zervigo','[\\"auth\\", \\"用户\\"]','{\\"说明\\": \\"it\\'s\\"}','active','healthy',${at},${at},${at})`,
      `(2,'zervi-auth-1','unified-auth','auth-service','http://127.0.0.1:8207/api','zervi-node-1','zervigo',NULL,NULL,'active','healthy',${at},${at},${at})`,
      `(3,'phantom','gone','worker','http://10.0.0.3:99999','zervi-node-1','zervigo',NULL,NULL,'active','healthy',NULL,${at},${at})`,
      `(4,'zervi-basic-1-old','basic-server','basic-server','http://10.0.0.1:8080','zervi-node-1','zervigo',NULL,NULL,'failed','critical',NULL,${at},${at})`,
    ],
  ),
  mysqlTable(
    'user_sessions',
    [...texts('user_id', 'session_token'), ...times('expires_at', 'created_at')],
    [`(1,'u-1','tok-1',${at},${at})`],
  ),
].join('')}/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;
-- Dump completed on 2026-03-01 10:00:00
`
}

const now = `'${recently.toISOString()}'`

/** The nine tables in PostgreSQL, each with a row or two of what is awkward to write down. */
export const formerSchema = `
create table service_registry (id serial primary key, service_id varchar(255) unique not null, service_name varchar(255) not null,
  service_type varchar(100), service_url varchar(500), node_id varchar(255), cluster_id varchar(255), capabilities jsonb, config jsonb,
  status varchar(50), health_status varchar(50), last_heartbeat timestamp, registered_at timestamp, updated_at timestamp);
create table cluster_nodes (id serial primary key, node_id varchar(255) unique, node_name text, node_type text, host_address inet,
  port integer, status text, capabilities jsonb, resources jsonb, last_seen timestamptz, created_at timestamptz, updated_at timestamptz);
create table service_metrics (id bigserial primary key, service_id text, metric_name text, metric_value numeric(12, 4), metric_unit text,
  tags jsonb, "timestamp" timestamptz);
create table alert_rules (id serial primary key, rule_name text, service_type text, metric_name text, threshold_value double precision,
  comparison_operator text, severity text, enabled boolean, created_at timestamptz, updated_at timestamptz);
create table alert_records (id serial primary key, rule_id integer, service_id text, alert_level text, message text, resolved boolean,
  resolved_at timestamptz, created_at timestamptz);
create table cluster_configs (id serial primary key, config_key text, config_value text, config_type text, description text,
  is_encrypted boolean, created_at timestamptz, updated_at timestamptz);
create table service_configs (id serial primary key, service_id text, config_key text, config_value text, config_type text,
  is_encrypted boolean, created_at timestamptz, updated_at timestamptz);
create table cluster_users (id serial primary key, user_id text, username text, email text, role text, permissions text[], status text,
  last_login timestamptz, created_at timestamptz, updated_at timestamptz);
create table user_sessions (id serial primary key, user_id text, session_token text, expires_at timestamptz, created_at timestamptz);
create function touch() returns trigger language plpgsql as $$ begin
  insert into service_registry (service_id, service_name) values ('made by a program', 'x'); return new; end $$;
insert into cluster_nodes (node_id, node_name, node_type, host_address, port, status, capabilities, created_at)
  values ('n1', '腾讯云 "一号"', 'worker', '10.0.0.1', 8080, 'active', '["a\\"b"]', ${now});
insert into service_registry (service_id, service_name, service_type, service_url, node_id, capabilities, config, status, health_status)
  values ('a-1', 'a', 'ai-service', 'http://10.0.0.1:8206', 'n1', '["x\\\\y", "z''"]', '{"k": "tab\\tnew\\nline", "中": null}', 'active', 'healthy'),
         ('b-1', 'b', null, 'https://10.0.0.2', 'n1', '{}', '{"deep": {"a": [1, 2.5, true]}}', 'failed', 'critical');
insert into service_metrics (service_id, metric_name, metric_value, metric_unit, tags, "timestamp")
  values ('a-1', 'latency', 31.25, 'ms', '{"route": "/a"}', ${now});
insert into alert_rules (rule_name, metric_name, threshold_value, comparison_operator, severity, enabled)
  values ('慢', 'latency', 1e3, '<=', 'info', true);
insert into alert_records (rule_id, service_id, alert_level, message, resolved, created_at)
  values (1, 'a-1', 'info', E'a\\tb\\\\N\\n''c''', false, ${now});
insert into cluster_configs (config_key, config_value, config_type, is_encrypted) values ('k', E'\\\\.\\n\\\\N', 'service', false);
insert into service_configs (service_id, config_key, config_value, config_type) values ('a-1', 'k', '', 'feature');
insert into cluster_users (user_id, username, role, permissions, status) values ('u', 'u', 'viewer', '{data:read,"a b"}', 'suspended');
insert into user_sessions (user_id, session_token) values ('u', 'tok');
`
