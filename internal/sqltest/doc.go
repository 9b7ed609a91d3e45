// Package sqltest holds the tests of retrysql and retrypgx with real servers: PostgreSQL and MariaDB, started on loopback by the tests
// themselves, and SQLite. It is a module of its own so that retrysql needs no driver.
//
// The servers' programs come from the system (Debian: postgresql, mariadb-server). Where they are missing the tests are skipped, but
// fail if the environment has CI=true.
package sqltest
