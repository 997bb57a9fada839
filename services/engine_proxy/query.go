package main

import (
	"regexp"
	"strings"
)

// keys are the names that a query must have, each exactly once, and what each value must look like. Both are
// compared as they stand in the request: what is percent-encoded differs from what is not.
type keys map[string]*regexp.Regexp

// literally matches one value.
func literally(value string) *regexp.Regexp {
	return regexp.MustCompile("^" + regexp.QuoteMeta(value) + "$")
}

// read returns the values, still as they stand.
func (k keys) read(query string) (map[string]string, error) {
	values := map[string]string{}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		pattern, known := k[name]
		if !known {
			return nil, refuse(403, "the query may not have %q", name)
		}
		if _, twice := values[name]; twice {
			return nil, refuse(403, "the query has %q twice", name)
		}
		if !pattern.MatchString(value) {
			return nil, refuse(403, "the query's %q has a value that is not allowed", name)
		}
		values[name] = value
	}
	for name := range k {
		if _, given := values[name]; !given {
			return nil, refuse(403, "the query has no %q", name)
		}
	}
	return values, nil
}

// readOrNone is read, and allows that there is no query.
func (k keys) readOrNone(query string) (map[string]string, error) {
	if query == "" {
		return nil, nil
	}
	return k.read(query)
}
