import t from 'tap'
import { namesSecret, secretField } from './secret-setting.ts'

t.test('a key that is called like a secret is known in any spelling', async (t) => {
  for (const key of [
    ...['dbPassword', 'jwtSecret', 'accessToken', 'mysqlpassword', 'password_prod', 'jwt.secret.key', 'apiKey'],
    ...['jwt_signing_key', 'encryption_key', 'LOOMA_DB_PASSWD', 'redis.password', 'JWTSecret', 'openai-api-key'],
    ...['tokens', 'API_KEYS', 'tls.key', 'dbPwd', 'smtp.pass', 'password_hash', 'apikey2', '数据库密码', 'AWS_SECRET'],
  ]) {
    t.ok(namesSecret(key), key)
  }
  for (const key of [
    ...['tokens_per_minute', 'password_length', 'tokenTtl', 'log_level', 'database_url', 'primary_key', 'key'],
    ...['secretary.name', 'compass', 'keyboard', 'public_key', 'hashring', 'author', '', 'jwt.secret.file'],
  ]) {
    t.notOk(namesSecret(key), key)
  }
})

t.test('a value that holds a secret is known, whatever its key is called', async (t) => {
  for (const value of [
    ...['mysql://u:pw@h/db', 'redis://:pw@h:6379', 'see amqp://a:b@c', 'root:pw@tcp(h:3306)/db', 'host=h password=x'],
    ...['-----BEGIN RSA PRIVATE KEY-----\nx', '{"host": "h", "dbPassword": "x"}', '-----BEGIN PRIVATE KEY-----'],
  ]) {
    t.equal(secretField('database', value), 'config_value', value)
  }
  for (const value of [
    ...['', 'http://h:80/x?mail=a@b', 'http://user@h/', 'a: b@c', '{"password_length": 8}', '10:30', 'mailto:a@b'],
    ...['-----BEGIN PUBLIC KEY-----', '{"a": ["password"]}', 'http://[::1]:80/'],
  ]) {
    t.equal(secretField('database', value), undefined, value)
  }
})

t.test('long values are judged as they come', async (t) => {
  for (const piece of [':', 'a:', '"a', '://', '"a":', 'a@tcp', 'pwd = ', 'A', '" ']) {
    t.doesNotThrow(() => secretField('a', piece.repeat(32_768)), piece)
  }
})
