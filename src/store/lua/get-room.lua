local id = find(ARGV[1])

if not id then return 'room_not_found' end
return describe(id)
