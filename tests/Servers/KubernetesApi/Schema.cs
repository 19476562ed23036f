using System.Text.Json.Nodes;

namespace Paas.Servers.Kubernetes;

internal enum Shape
{
    Text,
    Whole,
    Flag,
    Quantity,
    WholeOrText,
    Bytes,
    Any,
    Struct,
    Map,
    List,
}

/// <summary>The type of a field.</summary>
/// <param name="Of">Of the values of a map or the items of a list.</param>
/// <param name="IsAtomic">Whether one manager owns all of it.</param>
/// <param name="Keys">What tells the items of a list apart; empty for an atomic list, <c>.</c> for a set.</param>
internal sealed record SchemaType(Shape Shape, SchemaType? Of = null, bool IsAtomic = false, IReadOnlyList<string>? Keys = null, string? Name = null)
{
    public IReadOnlyDictionary<string, SchemaType> Fields => Schema.Structs[Name!];

    public bool IsGranular => !IsAtomic && Shape is Shape.Struct or Shape.Map || IsKeyed;

    public bool IsKeyed => Shape == Shape.List && Keys is { Count: > 0 };

    public bool IsSet => Keys is ["."];
}

/// <summary>
/// The fields the double knows of each kind, with what server-side apply has to know of them. One line is a type:
/// <c>{T}</c> a map, <c>[T]</c> an atomic list, <c>[T|a,b]</c> a list with keys, <c>&lt;T&gt;</c> a set, <c>!</c> atomic.
/// </summary>
internal static class Schema
{
    private const string Text = """
        Meta name:string namespace:string generateName:string uid:string resourceVersion:string generation:int creationTimestamp:string deletionTimestamp:string deletionGracePeriodSeconds:int labels:{string} annotations:{string} finalizers:<string> ownerReferences:[Owner|uid] managedFields:any
        Owner! apiVersion:string kind:string name:string uid:string controller:bool blockOwnerDeletion:bool
        Namespace spec:NamespaceSpec status:any
        NamespaceSpec finalizers:[string]
        ConfigMap data:{string} binaryData:{bytes} immutable:bool
        Secret data:{bytes} stringData:{string} type:string immutable:bool
        ServiceAccount automountServiceAccountToken:bool imagePullSecrets:[LocalRef] secrets:any
        Service spec:ServiceSpec status:any
        ServiceSpec selector:{string}! ports:[ServicePort|port,protocol] type:string clusterIP:string clusterIPs:[string] ipFamilies:[string] ipFamilyPolicy:string internalTrafficPolicy:string externalTrafficPolicy:string sessionAffinity:string publishNotReadyAddresses:bool loadBalancerClass:string loadBalancerIP:string loadBalancerSourceRanges:[string] externalIPs:[string] externalName:string healthCheckNodePort:int allocateLoadBalancerNodePorts:bool
        ServicePort name:string protocol:string port:int targetPort:intstr nodePort:int appProtocol:string
        PersistentVolumeClaim spec:ClaimSpec status:any
        ClaimSpec accessModes:[string] resources:ClaimResources storageClassName:string volumeMode:string volumeName:string selector:any dataSource:any dataSourceRef:any
        ClaimResources requests:{quantity} limits:{quantity}
        ResourceQuota spec:QuotaSpec status:any
        QuotaSpec hard:{quantity} scopes:[string] scopeSelector:any
        Event any
        Deployment spec:DeploymentSpec status:any
        DeploymentSpec replicas:int minReadySeconds:int paused:bool progressDeadlineSeconds:int revisionHistoryLimit:int selector:Selector! strategy:Strategy template:Template
        Strategy type:string rollingUpdate:RollingUpdate
        RollingUpdate maxSurge:intstr maxUnavailable:intstr partition:int
        Selector matchLabels:{string} matchExpressions:any
        ReplicaSet spec:ReplicaSetSpec status:any
        ReplicaSetSpec replicas:int minReadySeconds:int selector:Selector! template:Template
        StatefulSet spec:StatefulSetSpec status:any
        StatefulSetSpec replicas:int minReadySeconds:int serviceName:string podManagementPolicy:string revisionHistoryLimit:int selector:Selector! template:Template updateStrategy:Strategy volumeClaimTemplates:[Claim] persistentVolumeClaimRetentionPolicy:Retention ordinals:any
        Claim apiVersion:string kind:string metadata:Meta spec:ClaimSpec status:any
        Retention whenDeleted:string whenScaled:string
        Job spec:JobSpec status:any
        JobSpec parallelism:int completions:int activeDeadlineSeconds:int backoffLimit:int completionMode:string suspend:bool manualSelector:bool ttlSecondsAfterFinished:int podReplacementPolicy:string podFailurePolicy:any selector:Selector! template:Template
        Template metadata:Meta spec:PodSpec
        Pod spec:PodSpec status:any
        PodSpec activeDeadlineSeconds:int affinity:any automountServiceAccountToken:bool containers:[Container|name] initContainers:[Container|name] dnsPolicy:string dnsConfig:any enableServiceLinks:bool hostNetwork:bool hostPID:bool hostIPC:bool hostUsers:bool imagePullSecrets:[LocalRef|name] nodeName:string nodeSelector:{string}! priority:int priorityClassName:string preemptionPolicy:string restartPolicy:string runtimeClassName:string schedulerName:string securityContext:PodSecurity serviceAccount:string serviceAccountName:string shareProcessNamespace:bool subdomain:string hostname:string terminationGracePeriodSeconds:int tolerations:any topologySpreadConstraints:any volumes:[Volume|name]
        LocalRef! name:string
        PodSecurity fsGroup:int fsGroupChangePolicy:string runAsGroup:int runAsNonRoot:bool runAsUser:int seccompProfile:Seccomp supplementalGroups:[int] sysctls:any
        Seccomp type:string localhostProfile:string
        Container name:string image:string imagePullPolicy:string command:[string] args:[string] workingDir:string env:[Variable|name] envFrom:[VariablesFrom] ports:[ContainerPort|containerPort,protocol] resources:Resources securityContext:ContainerSecurity readinessProbe:Probe livenessProbe:Probe startupProbe:Probe lifecycle:any stdin:bool stdinOnce:bool tty:bool terminationMessagePath:string terminationMessagePolicy:string volumeMounts:[Mount|mountPath] volumeDevices:any restartPolicy:string
        Variable name:string value:string valueFrom:any
        VariablesFrom prefix:string configMapRef:Ref secretRef:Ref
        Ref name:string optional:bool
        ContainerPort name:string containerPort:int hostPort:int hostIP:string protocol:string
        Resources limits:{quantity} requests:{quantity} claims:any
        ContainerSecurity allowPrivilegeEscalation:bool capabilities:Capabilities privileged:bool procMount:string readOnlyRootFilesystem:bool runAsGroup:int runAsNonRoot:bool runAsUser:int seccompProfile:Seccomp
        Capabilities add:[string] drop:[string]
        Probe httpGet:HttpGet tcpSocket:TcpSocket exec:Exec grpc:any failureThreshold:int initialDelaySeconds:int periodSeconds:int successThreshold:int timeoutSeconds:int terminationGracePeriodSeconds:int
        HttpGet path:string port:intstr host:string scheme:string httpHeaders:any
        TcpSocket port:intstr host:string
        Exec command:[string]
        Mount name:string mountPath:string subPath:string readOnly:bool mountPropagation:string
        Volume name:string emptyDir:EmptyDir secret:any configMap:any persistentVolumeClaim:ClaimRef projected:any hostPath:any downwardAPI:any
        EmptyDir medium:string sizeLimit:quantity
        ClaimRef claimName:string readOnly:bool
        Ingress spec:IngressSpec status:any
        IngressSpec ingressClassName:string defaultBackend:any rules:[Rule] tls:[Tls]
        Rule host:string http:RuleHttp
        RuleHttp paths:[RulePath]
        RulePath path:string pathType:string backend:Backend
        Backend service:BackendService resource:any
        BackendService name:string port:BackendPort
        BackendPort name:string number:int
        Tls hosts:[string] secretName:string
        NetworkPolicy spec:NetworkPolicySpec
        NetworkPolicySpec podSelector:Selector! policyTypes:[string] ingress:any egress:any
        PodDisruptionBudget spec:BudgetSpec status:any
        BudgetSpec minAvailable:intstr maxUnavailable:intstr selector:Selector! unhealthyPodEvictionPolicy:string
        EndpointSlice addressType:string endpoints:any ports:any
        Scale spec:ScaleSpec status:any
        ScaleSpec replicas:int
        """;

    public static readonly IReadOnlyDictionary<string, IReadOnlyDictionary<string, SchemaType>> Structs = Read();

    /// <summary>The type of a kind; with what all kinds have in common.</summary>
    public static SchemaType Of(string kind) => kind == "Event" ? new(Shape.Any) : new(Shape.Struct, Name: kind);

    private static Dictionary<string, IReadOnlyDictionary<string, SchemaType>> Read()
    {
        var read = new Dictionary<string, IReadOnlyDictionary<string, SchemaType>>();
        var kinds = ApiType.All.Select(type => type.Kind).Append("Scale").ToHashSet();
        foreach (var line in Text.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var name = words[0].TrimEnd('!');
            var fields = words[1..].Where(word => word.Contains(':')).ToDictionary(word => word[..word.IndexOf(':')], word => Parse(word[(word.IndexOf(':') + 1)..]));
            if (kinds.Contains(name))
            {
                fields["apiVersion"] = fields["kind"] = new(Shape.Text);
                fields["metadata"] = new(Shape.Struct, Name: "Meta");
            }

            read[name] = fields;
        }

        return read;
    }

    private static SchemaType Parse(string text)
    {
        if (text.EndsWith('!'))
            return Parse(text[..^1]) with { IsAtomic = true };
        if (text[0] == '{')
            return new(Shape.Map, Parse(text[1..^1]));
        if (text[0] == '<')
            return new(Shape.List, Parse(text[1..^1]), Keys: ["."]);
        if (text[0] == '[')
        {
            var parts = text[1..^1].Split('|');
            return new(Shape.List, Parse(parts[0]), IsAtomic: parts.Length == 1, Keys: parts.Length == 1 ? [] : parts[1].Split(','));
        }

        return text switch
        {
            "string" => new(Shape.Text),
            "int" => new(Shape.Whole),
            "bool" => new(Shape.Flag),
            "quantity" => new(Shape.Quantity),
            "intstr" => new(Shape.WholeOrText),
            "bytes" => new(Shape.Bytes),
            "any" => new(Shape.Any, IsAtomic: true),
            _ => new(Shape.Struct, Name: text, IsAtomic: text is "Owner" or "LocalRef"),
        };
    }

    /// <summary>The key of an item of a list, as managed fields have it: <c>k:{"name":"web"}</c>.</summary>
    public static string KeyOf(SchemaType list, JsonNode? item)
    {
        if (list.IsSet)
            return $"v:{item?.ToJsonString()}";
        var key = new JsonObject();
        foreach (var name in list.Keys!)
            key[name] = item.At(name)?.DeepClone() ?? (name == "protocol" ? "TCP" : null);
        return $"k:{key.ToJsonString(Plain)}";
    }

    public static readonly System.Text.Json.JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
