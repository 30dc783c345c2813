#if Hummingbird
import HTTPTypes

/// What a route says about its responses.
struct RouteOptions: Sendable {
    var queryNames: Set<String>
    var ignoredFields: Set<HTTPField.Name>
    /// Nil: only what a response asks for by itself is stored.
    var lifetime: Duration?
}
#endif
