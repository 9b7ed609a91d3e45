package retryotel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/retryhttp"
	"github.com/callagain/retry/retryotel"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// A span for each attempt, and metrics for all calls. Without providers they go to the global ones.
func ExampleInstrument() {
	spans := tracetest.NewInMemoryExporter()
	settings := retryotel.Settings{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))}
	policy := retryotel.Instrument(retry.Policy{Name: "search", Backoff: retry.Constant(0)}, settings)

	fmt.Println(retry.Do(context.Background(), policy, failing(2)))
	for _, s := range spans.GetSpans() {
		fmt.Println(s.Name, s.Status.Code)
	}
	// Output:
	// <nil>
	// retry.attempt Error
	// retry.attempt Error
	// retry.attempt Unset
}

// How much the budget would allow, each time metrics are collected.
func ExampleObserveBudgets() {
	reader := sdkmetric.NewManualReader()
	budget := &retry.Budget{Name: "search"}
	registration, err := retryotel.ObserveBudgets(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), budget)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer registration.Unregister()

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &collected); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		if g, ok := m.Data.(metricdata.Gauge[int64]); ok && m.Name == "retry.budget.available" {
			fmt.Println(m.Name, g.DataPoints[0].Value)
		}
	}
	// Output: retry.budget.available 3
}

// The span of each sending says how often the request was sent before.
func ExampleResend() {
	answers := []int{503, 200}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(answers[0])
		answers = answers[1:]
	}))
	defer api.Close()

	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	client := &http.Client{Transport: &retryhttp.Transport{
		Base: otelhttp.NewTransport(retryotel.Resend(http.DefaultTransport), otelhttp.WithTracerProvider(provider)),
	}}
	resp, err := client.Get(api.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	for _, s := range spans.GetSpans() {
		for _, a := range s.Attributes {
			if a.Key == "http.request.resend_count" {
				fmt.Println(s.Name, a.Key, a.Value.AsInt64())
			}
		}
	}
	// Output: HTTP GET http.request.resend_count 1
}

// The metrics of gRPC for the clients of retrygrpc and retryconnect.
func ExampleNewGRPC() {
	reader := sdkmetric.NewManualReader()
	metrics := retryotel.NewGRPC(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	metrics.RecordCall(context.Background(), "dns:///shop:443", "shop.Cart/Get", 2, 0, 0, time.Second) // as their WithRecorder does

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &collected); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		fmt.Println(m.Name, m.Unit)
	}
	// Unordered output:
	// grpc.client.call.retries {retry}
	// grpc.client.call.retry_delay s
}
