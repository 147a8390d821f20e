//! A stand-in for ECS, ECR, Application Auto Scaling and STS that speaks the AWS wire.
