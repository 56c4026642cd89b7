// Command broadcast announces an activity to every learner and waits until it is sent. SHOP is the
// shop's address, KEY an API key with the scope hub:broadcast.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

// broadcast is the part of a broadcast that this program looks at.
type broadcast struct {
	ID     string         `json:"id"`
	State  string         `json:"state"`
	Counts map[string]int `json:"counts"`
}

// problem is a refusal, as RFC 9457 words it; Code is stable.
type problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

var client = http.Client{Timeout: 15 * time.Second}

func main() {
	b, err := ask(http.MethodPost, "/api/hub/broadcasts", map[string]any{
		"title": "周末活动", "body": "购课满两门，赠一份学习计划。", "link": "/",
		"audience": map[string]string{"kind": "all"}, "channels": []string{"live", "inbox"},
	})
	for err == nil && (b.State == "scheduled" || b.State == "sending") {
		time.Sleep(500 * time.Millisecond)
		b, err = ask(http.MethodGet, "/api/hub/broadcasts/"+b.ID, nil)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(b.State, b.Counts)
}

// ask answers the broadcast that the shop answers. The Idempotency-Key is made once for the
// activity: sent again after a lost answer, it is the same broadcast.
func ask(method, path string, body any) (b broadcast, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return b, err
	}
	req, err := http.NewRequest(method, os.Getenv("SHOP")+path, bytes.NewReader(data))
	if err != nil {
		return b, err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("KEY"))
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "weekend-2026-07-04")
	}
	res, err := client.Do(req)
	if err != nil {
		return b, err
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusMultipleChoices {
		var p problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
			return b, fmt.Errorf("%s %s: %s", method, path, res.Status)
		}
		return b, fmt.Errorf("%s: %s", p.Code, p.Detail)
	}
	return b, json.NewDecoder(res.Body).Decode(&b)
}
