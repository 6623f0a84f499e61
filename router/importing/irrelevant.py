"""What a template says that needs no counterpart: it does not change which event reaches which function.

One row for each reason; everything that stands in no row, and that no reader reads, is reported as not carried over. The
documentation's table is made of these rows.
"""

from collections.abc import Iterator, Mapping

PERMISSION = "who may call whom in AWS stays there; the router's own permissions are those of `lambda-router iam`"
DESCRIPTION = "a description, tag or name for people"
OPERATION = "how AWS runs, deploys, encrypts or watches it; that stays with the resource in AWS"
OBSERVED = "logs, metrics and traces of AWS; the router has `monitoring:`"
CACHE = "the cache of CloudFront: the router has none, each request is a miss"
FRONT = "certificates, protocols and addresses of the front door in AWS; the router has `listeners:`"
DELIVERY = "how often AWS tries to hand the event over; the router's journal keeps what it has accepted until it is delivered"
OF_THE_QUEUE = "settings of the queue, topic, bucket or bus itself, which stays in AWS"
RELEASE = "which version an alias or deployment points to; Lambda decides that when it is called"
IDENTITY = "ids, times and states that AWS reports"
USERS = "users, clients and sign-in of the pool, which stay with it"

_FUNCTION = {
    PERMISSION: "Role Policies PermissionsBoundary AssumeRolePolicyDocument RolePath CodeSigningConfigArn "
    "FunctionUrlPermissions",
    DESCRIPTION: "Description Tags PropagateTags VersionDescription",
    OPERATION: "Architectures KmsKeyArn SourceKMSKeyArn SnapStart EphemeralStorage RuntimeManagementConfig "
    "RecursiveLoop PackageType ProvisionedConcurrencyConfig FunctionScalingConfig "
    "CapacityProviderConfig",
    OBSERVED: "Tracing TracingConfig LoggingConfig",
    RELEASE: "DeploymentPreference AutoPublishCodeSha256 AutoPublishAliasAllProperties VersionDeletionPolicy "
    "PublishToLatestPublished Code.S3ObjectVersion",
    IDENTITY: "FunctionArn CodeSha256 CodeSize LastModified Version RevisionId State StateReason "
    "StateReasonCode LastUpdateStatus LastUpdateStatusReason LastUpdateStatusReasonCode "
    "RuntimeVersionConfig SigningProfileVersionArn SigningJobArn MasterArn ConfigSha256",
}
_API = {
    DESCRIPTION: "Name Description Tags PropagateTags ModelsOfApi Version",
    FRONT: "EndpointConfiguration DisableExecuteApiEndpoint SecurityPolicy Domain.CertificateArn "
    "Domain.EndpointConfiguration Domain.Route53 Domain.SecurityPolicy "
    "Domain.OwnershipVerificationCertificateArn "
    "Domain.NormalizeBasePath Domain.IpAddressType Domain.Policy Domain.AccessAssociation "
    "IpAddressType EndpointAccessMode",
    OBSERVED: "AccessLogSetting AccessLogSettings TracingEnabled MethodSettings.HttpMethod MethodSettings.ResourcePath "
    "MethodSettings.LoggingLevel MethodSettings.DataTraceEnabled MethodSettings.MetricsEnabled MethodSettings.CachingEnabled "
    "MethodSettings.CacheTtlInSeconds MethodSettings.CacheDataEncrypted DefaultRouteSettings.DetailedMetricsEnabled "
    "DefaultRouteSettings.LoggingLevel DefaultRouteSettings.DataTraceEnabled RouteSettings.DetailedMetricsEnabled",
    OPERATION: "CacheClusterEnabled CacheClusterSize CanarySetting "
    "FailOnWarnings OpenApiVersion MergeDefinitions AlwaysDeploy ApiKeySourceType "
    "CloneFrom Mode Parameters MinimumCompressionSize AutoDeploy DeploymentId ClientCertificateId "
    "StageDescription",
}
_MAPPING = {
    PERMISSION: "KmsKeyArn KMSKeyArn",
    DESCRIPTION: "Tags",
    OBSERVED: "MetricsConfig LoggingConfig",
    OPERATION: "ProvisionedPollerConfig",
    IDENTITY: "UUID State StateTransitionReason LastModified LastProcessingResult EventSourceMappingArn "
    "FilterCriteriaError FunctionArn",
}
_RULE = {
    DESCRIPTION: "Description Tags Name RuleName",
    PERMISSION: "RoleArn Targets.RoleArn Target.RoleArn",
    DELIVERY: "Targets.RetryPolicy Targets.DeadLetterConfig RetryPolicy DeadLetterConfig Target.RetryPolicy "
    "Target.DeadLetterConfig",
    IDENTITY: "Arn ManagedBy CreatedBy CreationDate LastModificationDate Targets.Id Target.Id",
}
_SCHEDULE = {
    **_RULE,
    OPERATION: "GroupName KmsKeyArn ActionAfterCompletion OmitName",
    PERMISSION: "RoleArn Target.RoleArn PermissionsBoundary",
}
_OWN = {OF_THE_QUEUE: "*"}
_BEHAVIOR = (
    "CachePolicyId Compress CachedMethods AllowedMethods DefaultTTL MaxTTL MinTTL ForwardedValues "
    "SmoothStreaming TrustedKeyGroups TrustedSigners RealtimeLogConfigArn GrpcConfig"
)

TYPES: Mapping[str, Mapping[str, str]] = {
    "AWS::Lambda::Function": {
        **_FUNCTION,
        OPERATION: f"{_FUNCTION[OPERATION]} FileSystemConfigs VpcConfig DurableConfig TenancyConfig",
    },
    "AWS::Serverless::Function": {
        **_FUNCTION,
        OPERATION: f"{_FUNCTION[OPERATION]} FileSystemConfigs VpcConfig DurableConfig TenancyConfig",
    },
    "AWS::Lambda::Version": {
        DESCRIPTION: "Description",
        RELEASE: "CodeSha256 ProvisionedConcurrencyConfig RuntimePolicy FunctionScalingConfig",
    },
    "AWS::Lambda::Alias": {DESCRIPTION: "Description", RELEASE: "RoutingConfig ProvisionedConcurrencyConfig"},
    "AWS::Lambda::EventInvokeConfig": {IDENTITY: "LastModified FunctionArn", RELEASE: "Qualifier"},
    "AWS::Lambda::EventSourceMapping": _MAPPING,
    "AWS::Lambda::Url": {IDENTITY: "FunctionUrl CreationTime LastModifiedTime FunctionArn"},
    "AWS::Serverless::Api": _API,
    "AWS::Serverless::HttpApi": _API,
    "AWS::ApiGateway::RestApi": _API,
    "AWS::ApiGateway::Resource": {IDENTITY: "RestApiId ParentId PathPart"},
    "AWS::ApiGateway::Method": {OPERATION: "Integration.CacheKeyParameters Integration.CacheNamespace"},
    "AWS::ApiGateway::Stage": _API,
    "AWS::ApiGateway::Deployment": _API,
    "AWS::ApiGateway::DomainName": {
        FRONT: "CertificateArn RegionalCertificateArn EndpointConfiguration SecurityPolicy "
        "OwnershipVerificationCertificateArn RoutingMode",
        DESCRIPTION: "Tags",
    },
    "AWS::ApiGateway::BasePathMapping": {},
    "AWS::ApiGatewayV2::Api": {**_API, OPERATION: f"{_API[OPERATION]} RouteSelectionExpression CredentialsArn BasePath"},
    "AWS::ApiGatewayV2::Route": {
        DESCRIPTION: "OperationName",
        IDENTITY: "RouteId ApiGatewayManaged ApiId RequestModels RequestParameters "
        "RouteResponseSelectionExpression ModelSelectionExpression",
    },
    "AWS::ApiGatewayV2::Integration": {
        DESCRIPTION: "Description",
        PERMISSION: "CredentialsArn",
        OPERATION: "IntegrationMethod ConnectionType PassthroughBehavior",
        IDENTITY: "ApiId IntegrationId IntegrationResponseSelectionExpression ApiGatewayManaged",
    },
    "AWS::ApiGatewayV2::Stage": _API,
    "AWS::ApiGatewayV2::ApiMapping": {},
    "AWS::ApiGatewayV2::DomainName": {FRONT: "DomainNameConfigurations RoutingMode", DESCRIPTION: "Tags"},
    "AWS::ElasticLoadBalancingV2::Listener": {
        FRONT: "LoadBalancerArn Port Protocol Certificates SslPolicy AlpnPolicy",
        OPERATION: "ListenerAttributes DefaultActions.ForwardConfig.TargetGroupStickinessConfig",
    },
    "AWS::ElasticLoadBalancingV2::ListenerRule": {
        OPERATION: "Actions.ForwardConfig.TargetGroupStickinessConfig",
        IDENTITY: "Priority",
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        DESCRIPTION: "Name Tags",
        OPERATION: "TargetGroupAttributes.Value",
        FRONT: "Targets.AvailabilityZone Targets.Port IpAddressType Port Protocol ProtocolVersion VpcId",
    },
    "AWS::Events::Rule": _RULE,
    "AWS::Events::EventBus": _OWN,
    "AWS::Scheduler::Schedule": _SCHEDULE,
    "AWS::S3::Bucket": {
        OF_THE_QUEUE: "AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption BucketName "
        "CorsConfiguration IntelligentTieringConfigurations InventoryConfigurations "
        "LifecycleConfiguration LoggingConfiguration MetadataConfiguration MetadataTableConfiguration "
        "MetricsConfigurations ObjectLockConfiguration ObjectLockEnabled OwnershipControls "
        "PublicAccessBlockConfiguration ReplicationConfiguration Tags VersioningConfiguration "
        "WebsiteConfiguration AbacStatus BucketNamePrefix",
        DESCRIPTION: "NotificationConfiguration.LambdaFunctionConfigurations.Id",
    },
    "AWS::SNS::Topic": {
        OF_THE_QUEUE: "TopicName DisplayName FifoTopic ContentBasedDeduplication KmsMasterKeyId ArchivePolicy "
        "DataProtectionPolicy DeliveryStatusLogging FifoThroughputScope SignatureVersion Tags "
        "TracingConfig",
    },
    "AWS::SNS::Subscription": {
        DELIVERY: "RedrivePolicy DeliveryPolicy",
        PERMISSION: "SubscriptionRoleArn",
        IDENTITY: "SubscriptionArn Owner Region",
        OF_THE_QUEUE: "RawMessageDelivery ReplayPolicy",
    },
    "AWS::SQS::Queue": _OWN,
    "AWS::Cognito::UserPool": {
        USERS: "AccountRecoverySetting AdminCreateUserConfig AliasAttributes AutoVerifiedAttributes "
        "DeletionProtection DeviceConfiguration EmailConfiguration EmailAuthenticationMessage "
        "EmailAuthenticationSubject EmailVerificationMessage EmailVerificationSubject EnabledMfas "
        "MfaConfiguration Policies Schema SmsAuthenticationMessage SmsConfiguration "
        "SmsVerificationMessage UserAttributeUpdateSettings UserPoolAddOns UserPoolName UserPoolTags "
        "UserPoolTier UsernameAttributes UsernameConfiguration VerificationMessageTemplate "
        "WebAuthnRelyingPartyID WebAuthnUserVerification WebAuthnFactorConfiguration",
    },
    "AWS::CloudFront::Distribution": {
        DESCRIPTION: "Tags DistributionConfig.Comment",
        FRONT: "DistributionConfig.ViewerCertificate DistributionConfig.HttpVersion "
        "DistributionConfig.IPV6Enabled DistributionConfig.PriceClass DistributionConfig.Staging "
        "DistributionConfig.ContinuousDeploymentPolicyId DistributionConfig.ConnectionMode "
        "DistributionConfig.Origins.CustomOriginConfig.OriginSSLProtocols "
        "DistributionConfig.Origins.CustomOriginConfig.IpAddressType "
        "DistributionConfig.AnycastIpListId",
        OBSERVED: "DistributionConfig.Logging",
        CACHE: " ".join(
            f"DistributionConfig.{where}.{key}"
            for where in ("DefaultCacheBehavior", "CacheBehaviors")
            for key in _BEHAVIOR.split()
        )
        + " DistributionConfig.Origins.OriginShield",
    },
    "AWS::StepFunctions::Activity": {OF_THE_QUEUE: "Name Tags EncryptionConfiguration"},
    "AWS::StepFunctions::StateMachine": {
        OF_THE_QUEUE: "StateMachineName StateMachineType RoleArn Tags LoggingConfiguration TracingConfiguration "
        "EncryptionConfiguration",
        OPERATION: "Definition DefinitionString DefinitionS3Location DefinitionSubstitutions",
    },
    "AWS::Serverless::StateMachine": {
        OF_THE_QUEUE: "Name Type Role Policies Tags Logging Tracing PermissionsBoundary RolePath PropagateTags "
        "UseAliasAsEventTarget",
        OPERATION: "Definition DefinitionUri DefinitionSubstitutions DeploymentPreference AutoPublishAlias",
    },
    "AWS::Serverless::LayerVersion": {OF_THE_QUEUE: "*"},
    "AWS::Lambda::Permission": {PERMISSION: "*"},
    "AWS::SNS::TopicPolicy": {PERMISSION: "*"},
    "AWS::SQS::QueuePolicy": {PERMISSION: "*"},
    "AWS::S3::BucketPolicy": {PERMISSION: "*"},
    "Custom::S3BucketNotifications": {RELEASE: "ServiceToken Managed SkipDestinationValidation"},
    # --- the events of SAM and serverless.yml, which are expanded --------------------------------------------------
    "event SQS": _MAPPING,
    "event S3": {},
    "event SNS": {DELIVERY: "RedrivePolicy", IDENTITY: "Region", OF_THE_QUEUE: "SqsSubscription.KmsKeyArn"},
    "event EventBridgeRule": {**_RULE, IDENTITY: f"{_RULE[IDENTITY]} RuleName"},
    "event CloudWatchEvent": {**_RULE, IDENTITY: f"{_RULE[IDENTITY]} RuleName"},
    "event Schedule": _RULE,
    "event ScheduleV2": _SCHEDULE,
    "event Cognito": {},
    "event Api": {
        DESCRIPTION: "RequestModel.Model",
        OPERATION: "RequestParameters",
    },
    "event HttpApi": {OBSERVED: "RouteSettings.DetailedMetricsEnabled RouteSettings.LoggingLevel"},
    "definition": {},
    "function": {
        **_FUNCTION,
        PERMISSION: f"{_FUNCTION[PERMISSION]} role iamRoleStatements iamRoleStatementsName",
        DESCRIPTION: f"{_FUNCTION[DESCRIPTION]} description tags",
        OPERATION: f"{_FUNCTION[OPERATION]} architecture kmsKeyArn awsKmsKeyArn snapStart ephemeralStorageSize "
        "provisionedConcurrency vpc runtimeManagement fileSystemConfig dependsOn condition build "
        "httpApi package.patterns package.individually package.include package.exclude CodeUri",
        OBSERVED: "tracing logs disableLogs logRetentionInDays logDataProtectionPolicy loggingConfig",
        RELEASE: "versionFunction",
    },
    "provider": {
        PERMISSION: "iam iamRoleStatements role rolePermissionsBoundary vpcEndpointIds kmsKeyArn",
        DESCRIPTION: "tags stackTags name description",
        OPERATION: "architecture vpc deploymentBucket deploymentPrefix deploymentMethod ecr ephemeralStorageSize "
        "lambdaHashingVersion provisionedConcurrency runtimeManagement "
        "disableDefaultOutputExportNames disableRollback notificationArns stackParameters stackPolicy "
        "versionFunctions rollbackConfiguration skipPolicySetup snapStart buildMethod s3",
        OBSERVED: "logs tracing logRetentionInDays",
        FRONT: "apiName endpointType apiGateway.minimumCompressionSize apiGateway.description "
        "apiGateway.disableDefaultEndpoint apiGateway.shouldStartNameWithService apiGateway.metrics "
        "apiGateway.websocketApiId httpApi.metrics httpApi.name httpApi.disableDefaultEndpoint "
        "httpApi.shouldStartNameWithService httpApi.useProviderTags httpApi.cors httpApi.payload "
        "cloudFront apiGateway.binaryMediaTypes alb.targetGroupPrefix",
        IDENTITY: "stage region profile stackName credentials resolver",
    },
    "event http": {OPERATION: "request.parameters operationId"},
    "event httpApi": {OPERATION: "operationId"},
    "event sqs": {},
    "event s3": {},
    "event sns": {},
    "event eventBridge": {DESCRIPTION: "name description", DELIVERY: "retryPolicy deadLetterQueueArn"},
    "event cloudwatchEvent": {DESCRIPTION: "name description", DELIVERY: "retryPolicy deadLetterQueueArn"},
    "event schedule": {DESCRIPTION: "name description groupName", PERMISSION: "roleArn"},
    "event cognitoUserPool": {},
    "event alb": {IDENTITY: "priority"},
    "event cloudFront": {CACHE: " ".join(["cachePolicy", *(f"behavior.{key}" for key in _BEHAVIOR.split())])},
    "event url": {},
}
"""By type: the reason, and the properties that it is true of, below `Properties`; `*`: all of them."""

_RESOURCES: Mapping[str, str] = {
    "AWS::IAM::": PERMISSION,
    "AWS::KMS::": OPERATION,
    "AWS::Logs::": OBSERVED,
    "AWS::CloudWatch::": OBSERVED,
    "AWS::XRay::": OBSERVED,
    "AWS::DynamoDB::": OPERATION,
    "AWS::RDS::": OPERATION,
    "AWS::ElastiCache::": OPERATION,
    "AWS::EC2::": OPERATION,
    "AWS::EFS::": OPERATION,
    "AWS::ECR::": OPERATION,
    "AWS::SSM::": OPERATION,
    "AWS::SecretsManager::": OPERATION,
    "AWS::CertificateManager::": FRONT,
    "AWS::Route53": FRONT,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": FRONT,
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": FRONT,
    "AWS::CloudFront::CachePolicy": CACHE,
    "AWS::CloudFront::CloudFrontOriginAccessIdentity": FRONT,
    "AWS::CloudFront::OriginAccessControl": FRONT,
    "AWS::WAFv2::": FRONT,
    "AWS::CodeDeploy::": RELEASE,
    "AWS::CodeBuild::": RELEASE,
    "AWS::CodePipeline::": RELEASE,
    "AWS::ApplicationAutoScaling::": OPERATION,
    "AWS::ApiGateway::Account": OBSERVED,
    "AWS::ApiGateway::Model": DESCRIPTION,
    "AWS::ApiGateway::DocumentationPart": DESCRIPTION,
    "AWS::Cognito::UserPoolClient": USERS,
    "AWS::Cognito::UserPoolDomain": USERS,
    "AWS::Cognito::UserPoolGroup": USERS,
    "AWS::Cognito::UserPoolUser": USERS,
    "AWS::Cognito::UserPoolResourceServer": USERS,
    "AWS::Cognito::UserPoolIdentityProvider": USERS,
    "AWS::Cognito::IdentityPool": USERS,
    "AWS::Events::EventBusPolicy": PERMISSION,
    "AWS::Events::Archive": OF_THE_QUEUE,
    "AWS::Scheduler::ScheduleGroup": DESCRIPTION,
    "AWS::Serverless::SimpleTable": OPERATION,
    "AWS::Lambda::LayerVersion": OPERATION,
    "AWS::CDK::Metadata": DESCRIPTION,
    "AWS::CloudFormation::WaitCondition": RELEASE,
}
"""Types that have nothing to do with events, by the beginning of their name."""


def reason_for(kind: str, path: tuple[str, ...]) -> str | None:
    """Why a property of a type needs no counterpart; None where nothing says so."""
    keys = ".".join(path)
    for reason, names in TYPES.get(kind, {}).items():
        listed = names.split()
        if "*" in listed or any(keys == name or keys.startswith(f"{name}.") for name in listed):
            return reason
    return None


def knows_below(kind: str, path: tuple[str, ...]) -> bool:
    """Whether there are rows about parts of a property, so that it is to be looked into."""
    keys = f"{'.'.join(path)}."
    return any(name.startswith(keys) for names in TYPES.get(kind, {}).values() for name in names.split())


def resource_reason(kind: str) -> str | None:
    """Why a whole type needs no counterpart; None where nothing says so."""
    return next((reason for start, reason in _RESOURCES.items() if kind.startswith(start)), None)


def rows() -> Iterator[tuple[str, str, str]]:
    """Type, properties and reason of each row, for the documentation."""
    for kind, reasons in TYPES.items():
        for reason, names in reasons.items():
            yield kind, " ".join(names.split()), reason
    for start, reason in _RESOURCES.items():
        yield f"{start}*" if start.endswith("::") else start, "*", reason
