namespace "shop" {} # want P1001 "not valid UTF-8" ÿ
