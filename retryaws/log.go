package retryaws

import (
	"context"
	"errors"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/redact"
)

// quiet keeps the SDK's own loop from calling each failure an unretryable one: that is all that it sees of the attempts.
func (c *caller) quiet() {
	if c.loop != nil {
		c.loop.LogAttempts = false
	}
}

// logAttempt logs what the SDK's loop logs before each attempt but the first.
func (c *caller) logAttempt(ctx context.Context) {
	if n := retry.Attempt(ctx); c.log && n > 1 {
		middleware.GetLogger(ctx).Logf(logging.Debug, "retrying request %s/%s, attempt %d",
			awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), n)
	}
}

// logEnd logs what the SDK's loop logs when it gives up, and the reasons that it doesn't have.
func (c *caller) logEnd(ctx context.Context, service, operation string, err error) {
	if !c.log || err == nil {
		return
	}
	log := middleware.GetLogger(ctx)
	e, ok := err.(*retry.Error)
	switch {
	case !ok:
		log.Logf(logging.Debug, "request failed with unretryable error %v", redact.String(err.Error()))
	case errors.Is(e.Reason, retry.ErrExhausted):
		log.Logf(logging.Debug, "max retry attempts exhausted, max %d", e.Attempts)
	default:
		log.Logf(logging.Debug, "giving up request %s/%s after attempt %d: %v", service, operation, e.Attempts, redact.String(e.Reason.Error()))
	}
}
