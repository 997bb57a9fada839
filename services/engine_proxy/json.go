package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"
)

// decode reads JSON into a struct and accepts only what the struct holds wholly: its fields, each exactly once
// and spelled so, in UTF-8, and nothing behind. It compares what was sent with what was understood, written again.
func decode(text []byte, into any) error {
	if !utf8.Valid(text) {
		return errors.New("it is not UTF-8")
	}
	if err := json.Unmarshal(text, into); err != nil {
		return err
	}
	again, err := json.Marshal(into)
	if err != nil {
		return err
	}
	sent, err := tree(text)
	if err != nil {
		return err
	}
	understood, err := tree(again)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(sent, understood) {
		return errors.New("it has other fields than the worker's, or lacks one")
	}
	return nil
}

// tree is the JSON as maps and lists, numbers as they are spelled; a key that comes twice is an error.
func tree(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := branch(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something stands behind its end")
	}
	return value, nil
}

func branch(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			name := key.(string)
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("it has %q twice", name)
			}
			if object[name], err = branch(decoder); err != nil {
				return nil, err
			}
		}
		_, err = decoder.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			value, err := branch(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = decoder.Token()
		return list, err
	}
	return token, nil
}
