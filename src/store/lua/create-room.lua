-- Creates a room, unless another has its name, or there are too many. max_age_s 0: it does not age.
local _, _, id, slug, lifetime, max_members, max_age_s, block_s, waiting_room, owner, max_rooms, join_within_s =
  unpack(ARGV)

if is_fenced() then return 'fenced' end
local taken_by = find(slug)
if taken_by and taken_by ~= id then return 'room_exists' end
if not taken_by then
  if is_crowded(max_rooms) then return 'too_many_rooms' end
  local created_at, expires_at, blocked_until, join_by = now(), 0, 0, 0

  if tonumber(max_age_s) > 0 then
    expires_at = created_at + max_age_s
    blocked_until = expires_at + block_s
  end
  if lifetime == 'ephemeral' then join_by = created_at + join_within_s end
  create(id, { slug = slug, lifetime = lifetime, max_members = max_members, created_at = created_at,
    expires_at = expires_at, blocked_until = blocked_until, join_by = join_by, waiting_room = waiting_room, owner = owner })
end
return describe(id)
