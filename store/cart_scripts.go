package store

import (
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"mstm/shop"
)

// cartOutcome is what a script did.
type cartOutcome string

const (
	cartSame     cartOutcome = "same"
	cartChanged  cartOutcome = "changed"
	cartConflict cartOutcome = "conflict"
	cartFull     cartOutcome = "full"
	cartMend     cartOutcome = "mend" // only of readCart: nothing was read
)

// lineFields are the fields of a line's hash, in the order of the scripts' arguments.
var lineFields = []string{"title", "cover", "policies", "policy_id", "price_fen", "added_at", "chosen_at", "course_version"}

// cartPrelude is what all cart scripts share.
//
// KEYS: the index, the version. ARGV: time to live in ms, most lines, then the script's
// own. A line's key is the index's with _COURSE behind: it has the same hash tag.
//
// The version of a change is the greater of the last plus one and the server's time in
// ms, so it grows also after Redis has lost everything. Half states heal on sight: an
// index entry without a whole line goes, and a line without an index entry is written
// over. pcall, because a key of a wrong type must not break the cart for good.
var cartPrelude = `
local index, version_key = KEYS[1], KEYS[2]
local ttl, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local fields = { '` + strings.Join(lineFields, "', '") + `' }

local function line_key(course) return index .. '_' .. course end

local function whole(v) return type(v) == 'table' and not v.err and v[4] end

local function line(course)
  local v = redis.pcall('HMGET', line_key(course), unpack(fields))
  if whole(v) then return v end
  return nil
end

local function courses()
  local list = redis.pcall('ZREVRANGE', index, 0, -1)
  if list.err then
    redis.call('DEL', index)
    return {}
  end
  return list
end

local function version()
  local v = redis.pcall('GET', version_key)
  if type(v) == 'table' then return 0 end
  return tonumber(v or 0) or 0
end

local function touch()
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  redis.call('SET', version_key, string.format('%.0f', math.max(version() + 1, now)), 'PX', ttl)
end

local function prolong()
  redis.call('PEXPIRE', index, ttl)
  redis.call('PEXPIRE', version_key, ttl)
  for _, course in ipairs(courses()) do redis.call('PEXPIRE', line_key(course), ttl) end
end

local function drop(course)
  redis.call('DEL', line_key(course))
  redis.call('ZREM', index, course)
end

local function write(course, at)
  redis.call('DEL', line_key(course))
  local args = {}
  for i, name in ipairs(fields) do
    args[#args + 1] = name
    args[#args + 1] = ARGV[at + i]
  end
  redis.call('HSET', line_key(course), unpack(args))
  redis.call('ZADD', index, args[12], course)
end

local function answer(outcome)
  local out = {}
  for _, course in ipairs(courses()) do
    local v = line(course)
    if v then
      v[9] = course
      out[#out + 1] = v
    else
      drop(course)
      if outcome == 'same' then outcome = 'changed' end
    end
  end
  if outcome == 'changed' or version() == 0 then
    touch()
    prolong()
  elseif redis.call('PTTL', version_key) < ttl - 86400000 then
    prolong()
  end
  table.insert(out, 1, string.format('%.0f', version()))
  table.insert(out, 1, outcome)
  return out
end
`

func cartScript(body string) *redis.Script { return redis.NewScript(cartPrelude + body) }

// readCart reads a whole cart and nothing else. It is the script that runs most, so it
// has no prelude; where something is to be mended or prolonged it returns 'mend', and
// mendCart follows.
var readCart = redis.NewScript(`
local index, call = KEYS[1], redis.call
local out = { 'same', call('GET', KEYS[2]) or '0' }
if call('PTTL', KEYS[2]) < ARGV[1] - 86400000 then return { 'mend', '0' } end
for i, course in ipairs(call('ZREVRANGE', index, 0, -1)) do
  local line = call('HMGET', index .. '_' .. course, '` + strings.Join(lineFields, "', '") + `')
  if not line[4] then return { 'mend', '0' } end
  line[9] = course
  out[i + 2] = line
end
return out`)

var mendCart = cartScript(`return answer('same')`)

// putCartLine: ARGV ifVersion, course, fields….
var putCartLine = cartScript(`
local expected, course = tonumber(ARGV[3]), ARGV[4]
if expected ~= 0 and expected ~= version() then return answer('conflict') end
local all, old = courses(), nil
if redis.call('ZSCORE', index, course) then old = line(course) end
if not old and #all >= most then
  local n = 0
  for _, c in ipairs(all) do if line(c) then n = n + 1 end end
  if n >= most then return answer('full') end
end
if old then ARGV[10] = old[6] end
write(course, 4)
return answer('changed')`)

// removeCartLines: ARGV (course, policy, 1 whatever the policy)….
var removeCartLines = cartScript(`
local outcome = 'same'
courses()
for i = 3, #ARGV, 3 do
  if redis.call('ZSCORE', index, ARGV[i]) then
    local v = line(ARGV[i])
    if not v or ARGV[i + 2] == '1' or v[4] == ARGV[i + 1] then
      drop(ARGV[i])
      outcome = 'changed'
    end
  end
end
return answer(outcome)`)

var emptyCart = cartScript(`
local outcome = 'same'
for _, course in ipairs(courses()) do
  drop(course)
  outcome = 'changed'
end
return answer(outcome)`)

// mergeCart: ARGV (course, fields…)…, the newest first.
var mergeCart = cartScript(`
local outcome, n = 'same', 0
for _, c in ipairs(courses()) do
  if line(c) then n = n + 1 else drop(c) end
end
for i = 3, #ARGV, #fields + 1 do
  local course, old = ARGV[i], nil
  if redis.call('ZSCORE', index, course) then old = line(course) end
  if old then
    if tonumber(ARGV[i + 7]) > (tonumber(old[7] or '') or 0) then
      local added = tonumber(ARGV[i + 6])
      ARGV[i + 6] = string.format('%.0f', math.min(added, tonumber(old[6] or '') or added))
      write(course, i)
      outcome = 'changed'
    end
  elseif n < most then
    write(course, i)
    n = n + 1
    outcome = 'changed'
  end
end
return answer(outcome)`)

func newestFirst(lines []shop.CartLine) []shop.CartLine {
	return slices.SortedStableFunc(slices.Values(lines), func(a, b shop.CartLine) int { return b.AddedAt.Compare(a.AddedAt) })
}
