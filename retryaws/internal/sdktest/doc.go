// Package sdktest tests package retryaws with clients of the AWS SDK. It is a module of its own, so that the clients
// aren't needed by those who use retryaws.
package sdktest
