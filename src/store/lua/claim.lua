-- Makes the caller's members of a room those whom it claims, but for joins that are under way: these it cannot know of
-- yet. The claims follow, six arguments each: who, session, name, token, place, unattended.
local FIRST_CLAIM, LAST_PLACE = 12, 1000000
local _, _, id, slug, lifetime, max_members, created_at, locked, waiting_room, expires_at, joining = unpack(ARGV, 1, 11)

if is_fenced() then return 'fenced' end
local is_changed = false
if find(id) == id then
  if is_expired(id) then return 'room_not_found' end
else
  local is_over = tonumber(expires_at) ~= 0 and now() >= tonumber(expires_at)
  if is_buried(id) or is_over then return 'room_not_found' end
  if find(slug) or find(id) then return 'room_exists' end
  -- Its owner, and how long its name was to be blocked, are lost. Whoever joins now comes after all who were there.
  create(id, { slug = slug, lifetime = lifetime, max_members = max_members, created_at = created_at, locked = locked,
    waiting_room = waiting_room, expires_at = expires_at, blocked_until = expires_at, owner = '',
    n_joins = LAST_PLACE, was_lost = '1' })
end

local function is_joining(session) return joining:find(session, 1, true) ~= nil end

local was_lost = field(id, 'was_lost') == '1'
local claimed = {}
for i = FIRST_CLAIM, #ARGV, 6 do
  local who, session, name, token, place, unattended = unpack(ARGV, i, i + 5)
  local person = read(members_key(id), who)
  -- Ours in another session: Redis has lost the newer one.
  local is_stale = person and person.node == caller.node and person.session ~= session
    and not is_joining(person.session)

  claimed[who] = true
  if (not person or is_stale) and not is_buried(who) then
    put_in(id, who, { name = name, node = caller.node, session = session, token = token,
      unattended = unattended == '1' or nil }, was_lost and tonumber(place) > 0 and place)
    is_changed = true
  end
end
for _, who in ipairs(redis.call('HKEYS', members_key(id))) do
  local person = read(members_key(id), who)

  if person and person.node == caller.node and not claimed[who] and not is_joining(person.session) then
    take_out(id, who)
    is_changed = true
  end
end
if n_members(id) == 0 and not settle(id) then return 'room_not_found' end
if is_changed then announce(id, 'changed', caller.node) end
return state(id)
