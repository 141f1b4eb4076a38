-- What the operations share; stands in front of each of them.
--
-- An operation is called by a node (ARGV[1]) that is registered under an epoch (ARGV[2]). It returns what it is for or,
-- when it refuses, the reason as a string. One that changes anything refuses a caller whose epoch is over ('fenced').
-- Any of them may be run twice, when the connection breaks before the reply came: the second run must change nothing.
--
-- Keys. <who> is somebody's member id; a person is JSON with name, node and session, and unattended if nobody is there
-- who could be the host; times are Unix seconds.
--   salon:rooms                 set      the ids of all rooms
--   salon:slug:<slug>           string   a room's id
--   salon:room:<id>             hash     slug, lifetime, max_members, created_at, expires_at, blocked_until, join_by
--                                        (it goes if nobody has joined until then; each 0: never), locked,
--                                        waiting_room ('1' or not), owner (SHA-256 of the owner's token, or empty:
--                                        nobody's), n_joins, was_lost ('1': put back by claims)
--   salon:room:<id>:members     hash     who -> person, with token (as below) and previous (the session before)
--   salon:room:<id>:tokens      hash     SHA-256 of the secret with which somebody can come back -> who
--   salon:room:<id>:order       zset     who, by n_joins, but those who are unattended after all others, of whom the
--                                        first is the host
--   salon:room:<id>:waiting     hash     who -> person, with admitted once they were let in, until they join
--   salon:room:<id>:queue       zset     who waits and was not let in yet, by n_joins
--   salon:room:<id>:nodes       hash     node -> how many of its people are in the room or wait
--   salon:room:<id>:chat        list     messages as JSON, oldest first
--   salon:gone:<id>             string   a room that was deleted, or a member who was thrown out: for a day, so that
--                                        a node that was out of reach doesn't put them back
--   salon:nodes                 set      the nodes
--   salon:node:<node>           string   its epoch: any text never used before
--   salon:node:<node>:lease     string   its epoch; runs out unless the node renews it
--   salon:node:<node>:members   set      "<room id> <who>": its people, in rooms or waiting
--   salon:node:<node>:events    channel  what it is told: JSON, or nothing, as a sign of life (salon-store-events.c)

local function room_key(id) return 'salon:room:' .. id end
local function members_key(id) return 'salon:room:' .. id .. ':members' end
local function tokens_key(id) return 'salon:room:' .. id .. ':tokens' end
local function order_key(id) return 'salon:room:' .. id .. ':order' end
local function waiting_key(id) return 'salon:room:' .. id .. ':waiting' end
local function queue_key(id) return 'salon:room:' .. id .. ':queue' end
local function nodes_key(id) return 'salon:room:' .. id .. ':nodes' end
local function chat_key(id) return 'salon:room:' .. id .. ':chat' end
local function slug_key(slug) return 'salon:slug:' .. slug end
local function gone_key(id) return 'salon:gone:' .. id end
local function node_key(node) return 'salon:node:' .. node end
local function lease_key(node) return 'salon:node:' .. node .. ':lease' end
local function node_members_key(node) return 'salon:node:' .. node .. ':members' end
local function events_channel(node) return 'salon:node:' .. node .. ':events' end

local GONE_S = 24 * 60 * 60
-- Beyond every n_joins.
local UNATTENDED = 1000000000

local caller = { node = ARGV[1], epoch = ARGV[2] }

local function is_fenced() return redis.call('GET', node_key(caller.node)) ~= caller.epoch end
local function now() return tonumber(redis.call('TIME')[1]) end
local function field(id, name) return redis.call('HGET', room_key(id), name) end
local function number(id, name) return tonumber(field(id, name)) or 0 end
local function n_members(id) return redis.call('ZCARD', order_key(id)) end
local function host_of(id)
  local first = redis.call('ZRANGE', order_key(id), 0, 0, 'WITHSCORES')

  return first[1] and tonumber(first[2]) < UNATTENDED and first[1] or false
end

-- ---- events ----

local function tell(node, name, event)
  event.event = name
  redis.call('PUBLISH', events_channel(node), cjson.encode(event))
end

-- Tells every node that has people in the room, but `except`.
local function announce(id, name, except, event)
  event = event or {}
  event.room = id
  for _, node in ipairs(redis.call('HKEYS', nodes_key(id))) do
    if node ~= except then tell(node, name, event) end
  end
end

-- ---- people ----

-- Somebody's record in a hash; nil when there is none, or other hands damaged it.
local function read_text(text)
  local is_json, person = pcall(cjson.decode, text)
  local is_person = is_json and type(person) == 'table' and type(person.name) == 'string'
    and type(person.node) == 'string' and type(person.session) == 'string'

  return is_person and person or nil
end

local function read(key, who) return read_text(redis.call('HGET', key, who)) end

-- A node has one more, or one less, of its people in a room. May be said twice.
local function enter_node(id, node, who)
  if redis.call('SADD', node_members_key(node), id .. ' ' .. who) == 1 then
    redis.call('HINCRBY', nodes_key(id), node, 1)
  end
end

local function leave_node(id, node, who)
  if redis.call('SREM', node_members_key(node), id .. ' ' .. who) == 1
    and redis.call('HINCRBY', nodes_key(id), node, -1) <= 0 then
    redis.call('HDEL', nodes_key(id), node)
  end
end

-- What is damaged must not keep anybody in a room: then they were most likely the caller's.
local function take_out(id, who)
  local person = read(members_key(id), who)

  leave_node(id, person and person.node or caller.node, who)
  if person and type(person.token) == 'string' then redis.call('HDEL', tokens_key(id), person.token) end
  redis.call('HDEL', members_key(id), who)
  redis.call('ZREM', order_key(id), who)
end

local function take_out_waiting(id, who)
  local person = read(waiting_key(id), who)

  leave_node(id, person and person.node or caller.node, who)
  redis.call('HDEL', waiting_key(id), who)
  redis.call('ZREM', queue_key(id), who)
end

-- place: nil for the last.
local function put_in(id, who, person, place)
  local score = tonumber(place) or redis.call('HINCRBY', room_key(id), 'n_joins', 1)

  redis.call('HDEL', room_key(id), 'join_by')
  redis.call('ZADD', order_key(id), 'NX', person.unattended and UNATTENDED + score or score, who)
  redis.call('HSET', members_key(id), who, cjson.encode(person))
  redis.call('HSET', tokens_key(id), person.token, who)
  enter_node(id, person.node, who)
end

-- The member who has the token, or nil.
local function member_of_token(id, token) return redis.call('HGET', tokens_key(id), token) or nil end

-- True when there was somebody to let in.
local function admit(id, who)
  local person = read(waiting_key(id), who)

  redis.call('ZREM', queue_key(id), who)
  if not person then return false end
  person.admitted = true
  redis.call('HSET', waiting_key(id), who, cjson.encode(person))
  tell(person.node, 'admitted', { member = who })
  return true
end

-- The host has ended the room: nobody waits for it any more.
local function dismiss(id)
  for _, who in ipairs(redis.call('HKEYS', waiting_key(id))) do
    local person = read(waiting_key(id), who)

    if person then tell(person.node, 'denied', { member = who }) end
    take_out_waiting(id, who)
  end
end

-- There is no room to wait for any more: all who wait join again.
local function release(id)
  for _, who in ipairs(redis.call('HKEYS', waiting_key(id))) do
    local person = read(waiting_key(id), who)

    if person and not person.admitted then tell(person.node, 'admitted', { member = who }) end
    take_out_waiting(id, who)
  end
end

-- ---- rooms ----

local function create(id, fields)
  for name, value in pairs(fields) do redis.call('HSET', room_key(id), name, value) end
  redis.call('SET', slug_key(fields.slug), id)
  redis.call('SADD', 'salon:rooms', id)
end

local function delete(id)
  local slug = field(id, 'slug')

  for _, who in ipairs(redis.call('HKEYS', members_key(id))) do take_out(id, who) end
  release(id)
  if slug and redis.call('GET', slug_key(slug)) == id then redis.call('DEL', slug_key(slug)) end
  redis.call('DEL', room_key(id), members_key(id), tokens_key(id), order_key(id), waiting_key(id), queue_key(id),
    nodes_key(id), chat_key(id))
  redis.call('SREM', 'salon:rooms', id)
end

local function bury(id) redis.call('SET', gone_key(id), '', 'EX', GONE_S) end
local function is_buried(id) return redis.call('EXISTS', gone_key(id)) == 1 end

local function is_crowded(max_rooms) return redis.call('SCARD', 'salon:rooms') >= tonumber(max_rooms) end

local function is_past(id, name)
  local time = number(id, name)

  return time ~= 0 and now() >= time
end

local function is_expired(id) return is_past(id, 'expires_at') end

-- A timed room whose name is free again is no room, nor is an ephemeral one that nobody came to; but for what is left.
local function clear_if_over(id)
  if not is_past(id, 'blocked_until') and not is_past(id, 'join_by') then return false end
  announce(id, 'changed')
  delete(id)
  return true
end

-- The id of the room whose id or slug is `name`, or false.
local function find(name)
  local id = name

  if redis.call('SISMEMBER', 'salon:rooms', id) == 0 then
    id = redis.call('GET', slug_key(name))
    -- A slug that outlived its room names nothing.
    if not id or redis.call('SISMEMBER', 'salon:rooms', id) == 0 then return false end
  end
  return not clear_if_over(id) and id
end

-- The id of a room for its host; otherwise false and the reason to refuse.
local function find_for_host(name, host)
  if is_fenced() then return false, 'fenced' end
  local id = find(name)
  if not id then return false, 'room_not_found' end
  if host_of(id) ~= host then return false, 'forbidden' end
  return id
end

-- When somebody went: an ephemeral room goes with its last member, and into any other without a host now whoever has
-- waited longest is let in, since nobody is there to do it. True while there is a room.
local function settle(id)
  if host_of(id) then return true end
  if n_members(id) == 0 and field(id, 'lifetime') == 'ephemeral' then
    delete(id)
    return false
  end
  -- Who was let in and has not joined yet is only in the hash.
  if redis.call('HLEN', waiting_key(id)) > redis.call('ZCARD', queue_key(id)) then return true end
  for _, who in ipairs(redis.call('ZRANGE', queue_key(id), 0, -1)) do
    if admit(id, who) then break end
  end
  return true
end

-- Takes out everybody whom a node has anywhere, and returns how many that were.
local function clear_node(node)
  local entries = redis.call('SMEMBERS', node_members_key(node))
  local rooms = {}

  for _, entry in ipairs(entries) do
    local id, who = entry:match('^(%S+) (%S+)$')
    if id then
      leave_node(id, node, who)
      if redis.call('HEXISTS', members_key(id), who) == 1 then take_out(id, who) else take_out_waiting(id, who) end
      rooms[id] = redis.call('SISMEMBER', 'salon:rooms', id) == 1
    end
  end
  redis.call('DEL', node_members_key(node))
  for id, is_room in pairs(rooms) do
    if is_room and settle(id) then announce(id, 'changed') end
  end
  return #entries
end

-- ---- replies ----

-- A room as the server reads it; the order is that of salon-store-reply.c.
local function describe(id)
  local room = redis.call('HMGET', room_key(id), 'slug', 'lifetime', 'max_members', 'created_at', 'locked',
    'waiting_room', 'expires_at')

  return { id, room[1], room[2], room[3], room[4], tostring(n_members(id)), room[5] or '0', room[6] or '0',
    room[7] or '0', host_of(id) }
end

-- Who, name, node, session; only the first of those that are damaged.
local function people(key, ids_key)
  local flat, persons, list = redis.call('HGETALL', key), {}, {}

  for i = 1, #flat, 2 do persons[flat[i]] = read_text(flat[i + 1]) end
  for i, who in ipairs(redis.call('ZRANGE', ids_key, 0, -1)) do
    local person = persons[who] or {}
    list[i] = { who, person.name, person.node, person.session }
  end
  return list
end

-- A room with its members and who waits for the host.
local function state(id)
  return { describe(id), people(members_key(id), order_key(id)), people(waiting_key(id), queue_key(id)),
    field(id, 'was_lost') or '0' }
end

