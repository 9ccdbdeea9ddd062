-- The mix of mixes/hotel.yaml for wrk2 and wrk, for those who have one of them:
--   wrk2 -t2 -c64 -d30s -R200 --latency -s hotel-reservation.lua http://127.0.0.1:8080
-- mixed-workload_type_1.lua is another name of this file, which commands for DeathStarBench use.
-- A test holds ratios and ranges equal to the YAML file.

local ratio = { search = 0.6, recommend = 0.39, user = 0.005, reserve = 0.005 }

local threads = 0

-- Each thread of wrk2 has its own Lua state; give each its own sequence.
function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init()
  math.randomseed(os.time() * 16 + seed)
end

local function day(number)
  return string.format("2015-04-%02d", number)
end

local function position()
  return string.format("lat=%.3f&lon=%.3f", 37.783 + math.random(0, 481) / 1000, -122.252 + math.random(0, 325) / 1000)
end

local function account()
  local id = math.random(0, 500)
  return "Cornell_" .. id, string.rep(tostring(id), 10)
end

local function search()
  local arrival = math.random(9, 23)
  local departure = math.random(arrival + 1, 24)
  return "GET", "/hotels?inDate=" .. day(arrival) .. "&outDate=" .. day(departure) .. "&" .. position()
end

local function recommend()
  local coin = math.random()
  local by = coin < 0.33 and "dis" or coin < 0.66 and "rate" or "price"
  return "GET", "/recommendations?require=" .. by .. "&" .. position()
end

local function user()
  local name, password = account()
  return "POST", "/user?username=" .. name .. "&password=" .. password
end

local function reserve()
  local arrival = math.random(9, 23)
  local departure = arrival + math.random(1, 5)
  local hotel = math.random(1, 80)
  local name, password = account()
  return "POST",
    "/reservation?inDate=" .. day(arrival) .. "&outDate=" .. day(departure) .. "&hotelId=" .. hotel ..
    "&customerName=" .. name .. "&username=" .. name .. "&password=" .. password .. "&number=1"
end

function request()
  local coin = math.random()
  local method, path
  if coin < ratio.search then
    method, path = search()
  elseif coin < ratio.search + ratio.recommend then
    method, path = recommend()
  elseif coin < ratio.search + ratio.recommend + ratio.user then
    method, path = user()
  else
    method, path = reserve()
  end
  return wrk.format(method, path)
end
