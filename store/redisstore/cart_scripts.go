package redisstore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"mstm/shop"
)

// cartOutcome is what a script did.
type cartOutcome string

const (
	cartSame     cartOutcome = "same"
	cartChanged  cartOutcome = "changed"
	cartAgain    cartOutcome = "again" // the change was made before, by the same request
	cartConflict cartOutcome = "conflict"
	cartFull     cartOutcome = "full"
	cartMend     cartOutcome = "mend" // only of readCart: nothing was read
)

// LineFields are the fields of a line's hash, in the order of the scripts' arguments.
var LineFields = []string{"title", "cover", "policies", "policy_id", "price_fen", "added_at", "chosen_at", "course_v", "problem"}

// cartPrelude is what all cart scripts share.
//
// KEYS: the index, the version, the mark of this request. ARGV: time to live in ms, most
// lines, time to live of the mark in ms, then the script's own. A line's key is the index's
// with _COURSE behind: it has the same hash tag.
//
// The version of a change is the greater of the last plus one and the server's time in
// ms, so it grows also after Redis has lost everything. Half states heal on sight: an
// index entry without a whole line goes, and a line without an index entry is written
// over. pcall, because a key of a wrong type must not break the cart for good.
//
// A full Redis refuses a script's first write if that may need memory, and lets everything
// pass after one that does not. A script that adds therefore begins its writes with touch,
// which is refused while nothing has changed; one that removes begins with DEL and passes.
//
// The client sends a script again when the answer is lost. The mark says that the request
// has changed the cart already: its repeat answers the cart and changes nothing.
var cartPrelude = `
local index, version_key, mark = KEYS[1], KEYS[2], KEYS[3]
local ttl, most, mark_ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local fields = { '` + strings.Join(LineFields, "', '") + `' }
local touched = false

local function line_key(course) return index .. '_' .. course end

local function whole(v) return type(v) == 'table' and not v.err and v[4] end

local function line(course)
  local v = redis.pcall('HMGET', line_key(course), unpack(fields))
  if whole(v) then return v end
  return nil
end

local function courses()
  local list = redis.pcall('ZREVRANGE', index, 0, -1)
  if list.err then return {} end
  return list
end

local function broken() return type(redis.pcall('ZCARD', index)) == 'table' end

local function listed(course) return not broken() and redis.call('ZSCORE', index, course) end

local function version()
  local v = redis.pcall('GET', version_key)
  if type(v) == 'table' then return 0 end
  return tonumber(v or 0) or 0
end

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function touch()
  if touched then return end
  local v = string.format('%.0f', math.max(version() + 1, clock()))
  redis.call('SET', version_key, v, 'PX', ttl)
  redis.call('SET', mark, '1', 'PX', mark_ttl)
  touched = true
end

local function prolong()
  redis.call('PEXPIRE', index, ttl)
  redis.call('PEXPIRE', version_key, ttl)
  for _, course in ipairs(courses()) do redis.call('PEXPIRE', line_key(course), ttl) end
end

local function drop(course)
  redis.call('DEL', line_key(course))
  if broken() then redis.call('DEL', index) else redis.call('ZREM', index, course) end
end

local function write(course, at)
  if broken() then redis.call('DEL', index) end
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
  if broken() then
    redis.call('DEL', index)
    if outcome == 'same' then outcome = 'changed' end
  end
  for _, course in ipairs(courses()) do
    local v = line(course)
    if v then
      v[#fields + 1] = course
      out[#out + 1] = v
    else
      drop(course)
      if outcome == 'same' then outcome = 'changed' end
    end
  end
  local v = version()
  if outcome == 'changed' then
    touch()
    v = version()
    prolong()
  elseif v == 0 then
    -- A cart that Redis does not know has nothing to keep: a full one is read all the same,
    -- at a version before that of every change to come.
    v = clock() - 1
    redis.pcall('SET', version_key, string.format('%.0f', v), 'PX', ttl)
    prolong()
  elseif redis.call('PTTL', version_key) < ttl - 86400000 then
    prolong()
  end
  table.insert(out, 1, string.format('%.0f', v))
  table.insert(out, 1, outcome)
  return out
end

if redis.call('EXISTS', mark) == 1 then return answer('again') end
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
  local line = call('HMGET', index .. '_' .. course, '` + strings.Join(LineFields, "', '") + `')
  if not line[4] then return { 'mend', '0' } end
  line[` + strconv.Itoa(len(LineFields)+1) + `] = course
  out[i + 2] = line
end
return out`)

var mendCart = cartScript(`return answer('same')`)

// putCartLine: ARGV ifVersion, course, fields….
var putCartLine = cartScript(`
local expected, course = tonumber(ARGV[4]), ARGV[5]
if expected ~= 0 and expected ~= version() then return answer('conflict') end
local all, old = courses(), nil
if listed(course) then old = line(course) end
if not old and #all >= most then
  local n = 0
  for _, c in ipairs(all) do if line(c) then n = n + 1 end end
  if n >= most then return answer('full') end
end
if old then ARGV[11] = old[6] end
touch()
write(course, 5)
return answer('changed')`)

// refreshCart: ARGV ifVersion, 1 where what is shown changes, (course, fields…)…. It writes
// lines that are there as their courses are now. It takes no more memory than the cart has,
// so a full Redis lets it pass: its first write is a DEL.
var refreshCart = cartScript(`
if tonumber(ARGV[4]) ~= version() then return answer('conflict') end
for i = 6, #ARGV, #fields + 1 do
  if listed(ARGV[i]) then write(ARGV[i], i) end
end
return answer(ARGV[5] == '1' and 'changed' or 'same')`)

// removeCartLines: ARGV (course, policy, 1 whatever the policy)….
var removeCartLines = cartScript(`
local outcome = 'same'
for i = 4, #ARGV, 3 do
  if listed(ARGV[i]) then
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

// mergeCart: ARGV (course, fields…)…, the newest first. Lines that found no room are not in
// the cart that it answers.
var mergeCart = cartScript(`
local outcome, n = 'same', 0
for _, c in ipairs(courses()) do
  if line(c) then n = n + 1 end
end
for i = 4, #ARGV, #fields + 1 do
  local course, old = ARGV[i], nil
  if listed(course) then old = line(course) end
  if old then
    if tonumber(ARGV[i + 7]) > (tonumber(old[7] or '') or 0) then
      local added = tonumber(ARGV[i + 6])
      ARGV[i + 6] = string.format('%.0f', math.min(added, tonumber(old[6] or '') or added))
      touch()
      write(course, i)
      outcome = 'changed'
    end
  elseif n < most then
    touch()
    write(course, i)
    n = n + 1
    outcome = 'changed'
  end
end
return answer(outcome)`)

func newestFirst(lines []shop.CartLine) []shop.CartLine {
	return slices.SortedStableFunc(slices.Values(lines), func(a, b shop.CartLine) int { return b.AddedAt.Compare(a.AddedAt) })
}
