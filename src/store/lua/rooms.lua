-- What the operations share; stands in front of each of them. salon-store.h lists the keys.
--
-- An operation returns the room as describe() gives it, or, when it refuses, the reason as a string. Any of them may
-- be run twice, when the connection breaks before the reply came: the second run must change nothing.

local function room_key(id) return 'salon:room:' .. id end
local function members_key(id) return 'salon:room:' .. id .. ':members' end
local function order_key(id) return 'salon:room:' .. id .. ':order' end
local function chat_key(id) return 'salon:room:' .. id .. ':chat' end
local function slug_key(slug) return 'salon:slug:' .. slug end
local function node_key(node) return 'salon:node:' .. node .. ':members' end

-- The id of the room whose id or slug is `name`, or false.
local function find(name)
  if redis.call('SISMEMBER', 'salon:rooms', name) == 1 then return name end
  local id = redis.call('GET', slug_key(name))
  -- A slug that outlived its room names nothing.
  return id and redis.call('SISMEMBER', 'salon:rooms', id) == 1 and id
end

-- A room as the server reads it: id, slug, lifetime, max_members, created_at, number of members, locked ('1' or not),
-- host (or false).
local function describe(id)
  local room = redis.call('HMGET', room_key(id), 'slug', 'lifetime', 'max_members', 'created_at', 'locked')
  local host = redis.call('ZRANGE', order_key(id), 0, 0)[1] or false
  local n_members = tostring(redis.call('ZCARD', order_key(id)))

  return { id, room[1], room[2], room[3], room[4], n_members, room[5] or '0', host }
end

local function create(id, slug, lifetime, max_members, created_at, owner)
  redis.call('HSET', room_key(id), 'slug', slug, 'lifetime', lifetime, 'max_members', max_members,
    'created_at', created_at, 'owner', owner)
  redis.call('SET', slug_key(slug), id)
  redis.call('SADD', 'salon:rooms', id)
end

-- The node's set names a member by room and id. What other hands damaged must not keep a room from going: the node
-- empties its set when it starts.
local function forget(id, member, data)
  local is_json, fields = pcall(cjson.decode, data)

  if is_json and type(fields) == 'table' and type(fields.node) == 'string' then
    redis.call('SREM', node_key(fields.node), id .. ' ' .. member)
  end
end

local function delete(id)
  local members = redis.call('HGETALL', members_key(id))
  local slug = redis.call('HGET', room_key(id), 'slug')

  for i = 1, #members, 2 do forget(id, members[i], members[i + 1]) end
  if slug then redis.call('DEL', slug_key(slug)) end
  redis.call('DEL', room_key(id), members_key(id), order_key(id), chat_key(id))
  redis.call('SREM', 'salon:rooms', id)
end

-- Removes a member, if it is there, and with the last one an ephemeral room. True while there is a room.
local function remove(id, member)
  local data = redis.call('HGET', members_key(id), member)

  if data then
    forget(id, member, data)
    redis.call('HDEL', members_key(id), member)
    redis.call('ZREM', order_key(id), member)
    if redis.call('ZCARD', order_key(id)) == 0 and redis.call('HGET', room_key(id), 'lifetime') == 'ephemeral' then
      delete(id)
      return false
    end
  end
  return true
end
