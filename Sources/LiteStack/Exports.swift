@_exported public import LiteCable
@_exported public import LiteCache
@_exported public import LiteDB
@_exported public import LiteJobs
