#!/bin/sh
# Tells every learner of an activity, and says something to the pages that are open.
# SHOP is the shop's address, KEY an API key with the scopes hub:broadcast and hub:publish.
set -eu

# The key of this broadcast is made once and kept: sent again after a lost answer, it is
# the same broadcast.
once="spring-sale-2026"

ask() { curl -sS --fail-with-body -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' "$@"; }

activity='{"title":"春季优惠","body":"全部课程八折，到周日为止。","link":"/","audience":{"kind":"all"},"channels":["live","inbox"]}'

echo "audience: $(ask "$SHOP/api/hub/broadcasts?dry_run=1" -d "$activity")"
echo "broadcast: $(ask "$SHOP/api/hub/broadcasts" -H "Idempotency-Key: $once" -d "$activity")"

ask "$SHOP/api/hub/publish" -d '{"topic":"activity","type":"activity.begins","data":{"title":"春季优惠"}}'
