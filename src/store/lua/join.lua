-- Adds a member to a room, lets one come back, or has them wait (no reply); creates an ephemeral room, when that is
-- allowed and there is none. Returns the room and, after it, who the member is.
local _, _, name, new_id, may_create, max_members, who, session, own_name, token, old_token, max_waiting, max_rooms,
  unattended, trusted, owner = unpack(ARGV)

if is_fenced() then return 'fenced' end
local id = find(name)
if not id and owner ~= '' then return 'room_not_found' end
if not id then
  if may_create ~= '1' then return 'room_not_found' end
  if is_crowded(max_rooms) then return 'too_many_rooms' end
  id = new_id
  create(id, { slug = name, lifetime = 'ephemeral', max_members = max_members, created_at = now(), owner = '' })
end

local function joined(member)
  local reply = state(id)
  table.insert(reply, member)
  return reply
end

local function refuse(reason)
  if redis.call('HEXISTS', waiting_key(id), who) == 1 then
    take_out_waiting(id, who)
    settle(id)
    announce(id, 'changed')
  end
  return reason
end

-- A second run. Somebody may have come back as this member since the first: they are the newer.
local known = read(members_key(id), who)
if known then return known.session == session and joined(who) or 'replaced' end
if is_expired(id) then return refuse('room_expired') end

local back = member_of_token(id, old_token)
local person = back and read(members_key(id), back)
if person then
  if person.previous == session then return 'replaced' end
  if person.session ~= session then
    announce(id, 'changed', caller.node)
    leave_node(id, person.node, back)
    enter_node(id, caller.node, back)
    person.previous, person.session, person.node, person.name = person.session, session, caller.node, own_name
    redis.call('HSET', members_key(id), back, cjson.encode(person))
  end
  return joined(back)
end

if owner ~= '' and owner ~= field(id, 'owner') then return refuse('unauthorized') end
local waiting = read(waiting_key(id), who)
if trusted ~= '1' and owner == '' and not (waiting and waiting.admitted) then
  if field(id, 'locked') == '1' then return refuse('room_locked') end
  if field(id, 'waiting_room') == '1' and host_of(id) then
    if not waiting and redis.call('HLEN', waiting_key(id)) >= tonumber(max_waiting) then return 'too_many_requests' end
    redis.call('HSET', waiting_key(id), who,
      cjson.encode({ name = own_name, node = caller.node, session = session }))
    redis.call('ZADD', queue_key(id), 'NX', redis.call('HINCRBY', room_key(id), 'n_joins', 1), who)
    enter_node(id, caller.node, who)
    -- The caller too: there is no room in the reply.
    announce(id, 'changed')
    return false
  end
end
if n_members(id) >= number(id, 'max_members') then return refuse('room_full') end

redis.call('HDEL', waiting_key(id), who)
redis.call('ZREM', queue_key(id), who)
put_in(id, who, { name = own_name, node = caller.node, session = session, token = token,
  unattended = unattended == '1' or nil })
announce(id, 'changed', caller.node)
return joined(who)
