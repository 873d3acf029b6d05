import fc from 'fast-check'
import t from 'tap'
import type { FromFile, RawRow, RawValue } from './raw-row.ts'
import { type Dialect, SqlRows } from './sql-rows.ts'

/** The rows of a dump whose bytes come in pieces that end at `cuts`. */
function readCut(text: string, cuts: readonly number[], dialect?: Dialect): readonly FromFile[] {
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  const reader = new SqlRows(dialect)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  const rows = places.flatMap((place, index) => reader.push(bytes.slice(place, places[index + 1] ?? place)))
  return [...rows, ...reader.end()]
}

const complete = '\n--\n-- PostgreSQL database dump complete\n--\n'

function read(text: string, dialect?: Dialect): readonly object[] {
  return readCut(`${text}${complete}`, [], dialect).map((each) => (each.kind === 'row' ? plain(each) : each))
}

function plain({ table, line, values }: RawRow) {
  return { table, line, ...Object.fromEntries(values) }
}

const mysqlHead = `-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: looma_crm
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
`
const mysqlTable = `DROP TABLE IF EXISTS \`cluster_configs\`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE \`cluster_configs\` (
  \`id\` int NOT NULL AUTO_INCREMENT,
  \`config_key\` varchar(255) COLLATE utf8mb4_unicode_ci NOT NULL,
  \`config_value\` text COLLATE utf8mb4_unicode_ci COMMENT 'it''s; (the) \\'value\\'',
  \`config_type\` enum('system','service','user') DEFAULT 'system',
  \`is_encrypted\` tinyint(1) DEFAULT '0',
  \`updated_at\` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`config_key\` (\`config_key\`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4;
/*!40101 SET character_set_client = @saved_cs_client */;
`

t.test('a dump as mysqldump writes it is read by the definition of its table', async (t) => {
  const rows = readCut(
    `${mysqlHead}${mysqlTable}LOCK TABLES \`cluster_configs\` WRITE;
/*!40000 ALTER TABLE \`cluster_configs\` DISABLE KEYS */;
INSERT INTO \`cluster_configs\` VALUES (1,'log_level','info\\n\\'a\\' \\\\ "b"; -- 值','system',0,'2026-01-02 03:04:05'),(2,'k',NULL,'user',b'1',NULL);
/*!40000 ALTER TABLE \`cluster_configs\` ENABLE KEYS */;
UNLOCK TABLES;
-- Dump completed on 2026-03-01 10:00:00
`,
    [],
  ) as readonly RawRow[]
  t.strictSame(rows.map(plain), [
    {
      ...{ table: 'cluster_configs', line: 24, id: 1, config_key: 'log_level' },
      ...{ config_value: 'info\n\'a\' \\ "b"; -- 值', config_type: 'system', is_encrypted: 0 },
      updated_at: '2026-01-02 03:04:05',
    },
    {
      ...{ table: 'cluster_configs', line: 24, id: 2, config_key: 'k', config_value: null, config_type: 'user' },
      ...{ is_encrypted: '1', updated_at: null },
    },
  ])
  t.strictSame([...(rows[0]?.utc ?? [])], ['updated_at'], 'a timestamp is in the zone that the dump sets')
})

t.test('a zone that PostgreSQL is set to says nothing of its times without one', async (t) => {
  const table = 'CREATE TABLE public.t (at timestamp without time zone);'
  const [row] = readCut(`SET timezone TO 'UTC';\n${table}\nINSERT INTO public.t VALUES ('2026-03-01 10:00:00');`, [])
  t.match(row, { kind: 'row', utc: new Set() })
  t.equal(row?.kind === 'row' && row.utc?.size, 0)
})

const pgHead = `--
-- PostgreSQL database dump
--

\\restrict 8nM0b
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
begin INSERT INTO service_registry VALUES ('no'); end; $$;
`

t.test('rows', async (t) => {
  for (const { name, text, rows } of [
    {
      name: 'of INSERTs as pg_dump writes them keep their backslashes',
      text: `${pgHead}INSERT INTO public.alert_rules (rule_name, enabled, threshold_value, tags) VALUES ('a\\n''b', true, -1.5e+10, '{"a": "\\u4e2d"}'::jsonb) ON CONFLICT DO NOTHING;\n`,
      rows: [
        {
          table: 'alert_rules',
          line: 12,
          rule_name: "a\\n'b",
          enabled: true,
          threshold_value: -1.5e10,
          tags: '{"a": "\\u4e2d"}',
        },
      ],
    },
    {
      name: 'of COPY end at their backslash and dot',
      text: `${pgHead}COPY public.cluster_users (id, username, email, permissions) FROM stdin;
1\tadmin\t\\N\t["a\\\\"b"]
2\ta\\tb\\nc\\\\N\\x41\\101\t\t{}
\\.


SELECT 1;
INSERT INTO x (a) VALUES (1);
`,
      rows: [
        { table: 'cluster_users', line: 13, id: '1', username: 'admin', email: null, permissions: '["a\\"b"]' },
        { table: 'cluster_users', line: 14, id: '2', username: 'a\tb\nc\\NAA', email: '', permissions: '{}' },
        { table: 'x', line: 19, a: 1 },
      ],
    },
    {
      name: "of E'...' are read with their escapes",
      text: `${pgHead}insert into t (a) values (E'\\x41\\102\\u4e2d\\U0001F600\\n\\'');`,
      rows: [{ table: 't', line: 12, a: "AB中😀\n'" }],
    },
    {
      name: 'of REPLACE, with a database before the table, a hexadecimal value and a told character set',
      text: `${mysqlHead}REPLACE INTO \`crm\`.\`T\` (\`A\`, b, c) VALUES (0x4142, _utf8mb4'x', _binary "y\\"");`,
      rows: [{ table: 't', line: 8, a: 'AB', b: 'x', c: 'y"' }],
    },
    {
      name: 'of programs are none',
      text: `${mysqlHead}DELIMITER ;;
/*!50003 CREATE*/ /*!50003 TRIGGER x BEFORE INSERT ON y FOR EACH ROW BEGIN
INSERT INTO t (a) VALUES (1);
END */;;
DELIMITER ;
INSERT INTO t (a) VALUES (2);`,
      rows: [{ table: 't', line: 13, a: 2 }],
    },
    {
      name: 'of programs are none where nothing quotes these',
      text: `${pgHead}CREATE FUNCTION public.g() RETURNS integer
LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN true THEN 1 ELSE 2 END AS x;
  INSERT INTO t (a) VALUES (1);
END;
CREATE RULE r AS ON INSERT TO public.x DO ALSO (INSERT INTO t (a) VALUES (2); INSERT INTO t (a) VALUES (3));
CREATE TRIGGER f BEFORE INSERT ON public.x FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE VIEW v AS SELECT begin FROM x;
INSERT INTO t (a) VALUES (4);`,
      rows: [{ table: 't', line: 21, a: 4 }],
    },
    {
      name: 'of programs of MySQL are none without a DELIMITER',
      text: `${mysqlHead}/*!50003 CREATE*/ /*!50017 DEFINER=\`root\`@\`%\`*/ /*!50003 TRIGGER x AFTER INSERT ON y FOR EACH ROW BEGIN
IF NEW.begin THEN INSERT INTO t (a) VALUES (1); END IF;
CASE NEW.b WHEN 1 THEN INSERT INTO t (a) VALUES (2); END CASE;
BEGIN INSERT INTO t (a) VALUES (3); END;
INSERT INTO t (a) VALUES (CASE 1 WHEN 1 THEN 2 END); END */;
INSERT INTO t (a) VALUES (4);`,
      rows: [{ table: 't', line: 13, a: 4 }],
    },
    {
      name: 'with a column that is called value, and as ROW, are read',
      text: 'INSERT INTO t (a, value) VALUES (1,2);\nINSERT INTO t (a, values) VALUES ROW(3,4), ROW(5,6) AS n ON DUPLICATE KEY UPDATE a = 1;',
      rows: [
        { table: 't', line: 1, a: 1, value: 2 },
        { table: 't', line: 2, a: 3, values: 4 },
        { table: 't', line: 2, a: 5, values: 6 },
      ],
    },
    {
      name: 'that are not understood behind VALUES are told',
      text: 'INSERT INTO t (a) VALUES TUPLE(1);\nINSERT INTO t (a) VALUES;\nINSERT INTO t (a) VALUES (1);',
      rows: [
        { kind: 'unread', line: 1, table: 't', reason: 'no rows follow its VALUES' },
        { kind: 'unread', line: 2, table: 't', reason: 'no rows follow its VALUES' },
        { table: 't', line: 3, a: 1 },
      ],
    },
    {
      name: 'behind a trigger with a mode of its own have the escapes of the dump',
      text: `${mysqlHead}SET sql_mode = 'NO_BACKSLASH_ESCAPES';\nSET sql_mode = @saved_sql_mode;\nINSERT INTO t (a) VALUES ('it\\'s'),('50\\% x\\_y');`,
      rows: [
        { table: 't', a: "it's" },
        { table: 't', a: '50\\% x\\_y' },
      ],
    },
    {
      name: 'with numbers too great for a double stay as they are written',
      text: 'INSERT INTO t (a,b,c) VALUES (90071992547409931, .5, +2);',
      rows: [{ table: 't', line: 1, a: '90071992547409931', b: 0.5, c: 2 }],
    },
    {
      name: 'behind one that cannot be read are read',
      text: "INSERT INTO t (a) VALUES (now()),('x' || 'y'),(1,2),(DEFAULT),('z');\nINSERT INTO t SELECT 1;\nINSERT INTO u VALUES (1);\nINSERT INTO t (a) VALUES (3);",
      rows: [
        { kind: 'unread', line: 1, reason: 'a is no plain value' },
        { kind: 'unread', line: 1, reason: 'a is no plain value' },
        { kind: 'unread', line: 1, reason: 'it has 2 values for 1 columns' },
        { table: 't', line: 1, a: undefined },
        { table: 't', line: 1, a: 'z' },
        { kind: 'unread', line: 2, table: 't', reason: 'the statement has no VALUES' },
        { kind: 'unread', line: 3, table: 'u', reason: 'nothing says which columns the table has' },
        { table: 't', line: 4, a: 3 },
      ],
    },
  ] as const) {
    await t.test(name, async (t) => {
      t.match(read(text), rows)
      t.equal(read(text).length, rows.length)
    })
  }
})

t.test('a text that is longer than is held is refused with its line, and what follows is read', async (t) => {
  const long = 'x'.repeat(600 * 1024)
  t.match(
    read(
      `INSERT INTO t (a) VALUES\n('${long}'),\n('b');\nINSERT INTO t (a, b) VALUES ('${long.slice(0, 300_000)}','${long.slice(0, 300_000)}'),('c','d');`,
    ),
    [
      { kind: 'unread', line: 2, table: 't', reason: 'it is longer than 512 KiB' },
      { table: 't', line: 3, a: 'b' },
      { kind: 'unread', line: 4, table: 't', reason: 'it is longer than 512 KiB' },
      { table: 't', line: 4, a: 'c', b: 'd' },
    ],
  )
  t.match(read(`COPY t (a) FROM stdin;\n${long}\nb\n\\.\n`), [
    { kind: 'unread', line: 2 },
    { line: 3, a: 'b' },
  ])
})

t.test('what cannot be trusted is refused as a whole', async (t) => {
  for (const { text, code, message } of [
    { text: "INSERT INTO t (a) VALUES ('x\\n');", code: 'IMPORT_UNREADABLE', message: /backslash .* line 1/ },
    { text: "SET client_encoding = 'LATIN1';\n", code: 'IMPORT_ENCODING', message: /line 1 .*LATIN1/ },
    { text: '/*!40101 SET NAMES gbk */;\n', code: 'IMPORT_ENCODING', message: /gbk/ },
    { text: "INSERT INTO t (a)\nVALUES ('x", code: 'IMPORT_CUT', message: /a text that begins in line 2/ },
    { text: 'INSERT INTO t (a) VALUES (1),', code: 'IMPORT_CUT', message: /line 1/ },
    { text: 'CREATE TRIGGER x BEGIN\nSELECT 1;\nSELECT 2;\n', code: 'IMPORT_CUT', message: /line 1 / },
    { text: 'COPY t (a) FROM stdin;\n1\n', code: 'IMPORT_CUT', message: /COPY/ },
    { text: `${pgHead}INSERT INTO t (a) VALUES (1);\n`, code: 'IMPORT_CUT', message: /last lines/ },
    { text: `${mysqlHead}INSERT INTO t (a) VALUES (1);\n`, code: 'IMPORT_CUT', message: /last lines/ },
  ]) {
    t.throws(() => readCut(text, []), { code, message }, text)
  }
  t.match(new SqlRows('mysql').push("INSERT INTO t (a) VALUES ('caf\xe9'),('b');"), [
    { kind: 'unread', line: 1, reason: 'a is not in UTF-8', remedy: /utf8mb4/ },
    { kind: 'row' },
  ])
})

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '\n', '\r', '\t', '\0', '中', '😀', ';', '--', '/*', '\\N', '$$', 'a'),
    maxLength: 12,
  }),
  fc.constant(null),
)
const rows = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 })
const cuts = fc.array(fc.nat(), { maxLength: 12 })

type Writer = (rows: readonly (readonly [string | null, string | null])[]) => string

const mysqlEscapes = new Map([
  ['\0', '\\0'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\x1a', '\\Z'],
  ...[...`\\'"`].map((char) => [char, `\\${char}`] as const),
])
const mysqlText = (text: string) => `'${[...text].map((char) => mysqlEscapes.get(char) ?? char).join('')}'`
const sqlText = (text: string) => `'${text.replaceAll("'", "''")}'`
const insert =
  (quote: (text: string) => string, head: string): Writer =>
  (all) =>
    `${head}INSERT INTO t (a, b) VALUES ${all.map((row) => `(${row.map((each) => (each === null ? 'NULL' : quote(each))).join(',')})`).join(',\n')};\n`
const copy: Writer = (all) => {
  const field = (text: string | null) =>
    text === null
      ? '\\N'
      : text.replace(
          /[\\\n\r\t\b\f\v]/g,
          (char) =>
            ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f', '\v': '\\v' })[char] ??
            char,
        )
  return `COPY public.t (a, b) FROM stdin;\n${all.map((row) => row.map(field).join('\t')).join('\n')}\n\\.\n`
}

t.test('rows are read as they were, whatever is in them and however the dump is cut', async (t) => {
  for (const write of [
    insert(mysqlText, '-- MySQL dump\n'),
    insert(sqlText, 'SET standard_conforming_strings = on;\n'),
    copy,
  ]) {
    const same = fc.property(rows, cuts, (all, places) => {
      const found = readCut(write(all), places)
      const values = found.map((each): readonly RawValue[] =>
        each.kind === 'row' ? [...each.values.values()] : [each.reason],
      )
      // Half a pair is no UTF-8.
      const wanted = all.map((row) => row.map((each) => each?.toWellFormed() ?? null))
      return JSON.stringify(values) === JSON.stringify(wanted)
    })
    t.doesNotThrow(() => fc.assert(same, { numRuns: 300 }))
  }
})
