package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
)

// The configuration is a JSON object with two optional keys, each an object of
// header names and their values (strings):
//
//	{"request": {"x-one": "1"}, "response": {"x-two": "2", "x-three": "3"}}
//
// Headers are set in the order of their names, not as written. Zero bytes are the
// empty configuration: nothing is set. Anything else is refused: another key,
// another type, null, an empty name, or text after the object.
type config struct {
	request, response []field
}

type field struct {
	name, value string
}

func parseConfig(text []byte) (config, error) {
	if len(text) == 0 {
		return config{}, nil
	}
	// Pointers tell null, which would otherwise read as empty, from a value.
	var written *struct {
		Request  map[string]*string `json:"request"`
		Response map[string]*string `json:"response"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&written); err != nil {
		return config{}, err
	}
	if written == nil {
		return config{}, errors.New("null is not an object")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return config{}, errors.New("text after the object")
	}
	request, err := sorted("request", written.Request)
	if err != nil {
		return config{}, err
	}
	response, err := sorted("response", written.Response)
	return config{request, response}, err
}

// sorted puts a map's entries in the order of their names, so that nothing, the
// first complaint included, depends on the order in which Go walks a map.
func sorted(path string, headers map[string]*string) ([]field, error) {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	sort.Strings(names)

	fields := make([]field, 0, len(names))
	for _, name := range names {
		value := headers[name]
		switch {
		case name == "":
			return nil, fmt.Errorf("%s: a header without a name", path)
		case value == nil:
			return nil, fmt.Errorf("%s: %s is null, not a string", path, name)
		}
		fields = append(fields, field{name, *value})
	}
	return fields, nil
}
