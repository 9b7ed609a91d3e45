package oddrh

import (
	"log"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

type config struct {
	retries     int
	least, most time.Duration
}

// Numbers and delays may be 0, or less.
func Variables(c config) *http.Client {
	client := retryablehttp.NewClient()
	client.RetryMax = c.retries
	client.RetryWaitMin = c.least
	client.RetryWaitMax = c.most
	client.Logger = nil
	return client.StandardClient()
}

func None() *http.Client {
	c := retryablehttp.NewClient()
	c.RetryMax = -1
	c.RetryWaitMax = 0
	return c.StandardClient()
}

// Without the Logger nothing would use a variable.
func Unused() *http.Client {
	logger := log.New(os.Stderr, "", 0)
	c := retryablehttp.NewClient()
	c.Logger = logger
	return c.StandardClient()
}

// The number of retries is another one when the client is made.
func Changes(n int) *http.Client {
	c := retryablehttp.NewClient()
	c.RetryMax = n
	n = 10
	return c.StandardClient()
}
