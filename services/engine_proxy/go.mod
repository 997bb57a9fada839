module trainyard/engine_proxy

go 1.24
