/** Dumps of a former registry, as MySQL, PostgreSQL and programs write them. */
export const registryDumps: readonly string[] = [
  `-- MySQL dump 10.13
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
CREATE TABLE \`service_registry\` (
  \`id\` int NOT NULL AUTO_INCREMENT,
  \`service_id\` varchar(255) NOT NULL COMMENT 'it''s; (the) \\'value\\'',
  \`service_name\` varchar(255), \`service_url\` text, \`metadata\` json, \`last_heartbeat\` timestamp NULL,
  PRIMARY KEY (\`id\`)
) ENGINE=InnoDB;
INSERT INTO \`service_registry\` VALUES (1,'crm-1','crm','http://10.0.0.1:8080','{\\"a\\": [1]}','2026-11-21 12:00:00'),(2,'b','客户',NULL,NULL,NULL);
INSERT INTO services (service_id, service_url) VALUES ('x', _utf8mb4'http://a'), (0x41, X'42');
-- Dump completed on 2026-11-21
`,
  `--
-- PostgreSQL database dump
--
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
COPY public.cluster_nodes (node_id, node_name, host_address, port, status) FROM stdin;
n1\t节点\\t一\t10.0.0.1\t8888\tactive
n2\t\\N\t10.0.0.2\t\\N\tinactive
\\.
INSERT INTO public.service_registry (service_id, service_name, service_url) VALUES (E'crm\\'1', $$a$b$$, 'x'), ('y', "z", NULL);
--
-- PostgreSQL database dump complete
--
`,
  JSON.stringify({
    services: [
      {
        service_id: 'crm-1',
        service_name: 'crm',
        service_url: 'http://10.0.0.1:8080',
        metadata: { a: [1, { b: 'é😀' }] },
      },
      { service_id: 'b', service_url: null, last_heartbeat: '2026-11-21T12:00:00Z' },
    ],
    nodes: [{ node_id: 'n1', host_address: '10.0.0.1', port: 8888 }],
    alert_rules: [{ id: 1, rule_name: 'cpu', metric: 'cpu', threshold: 0.5, operator: '>' }],
  }),
  '[{"node_id":"n1","host_address":"10.0.0.1"},\n {"node_id":"n2"}]',
]
